// Questions to the user at the terminal, and secrets on standard input.
#pragma once
#include <string>

#include "base/result.h"

namespace bundler {

enum class Echo { On, Off };

// One line from standard input, which must be a terminal; the question goes to standard error.
// Kind::Usage without a terminal.
base::Result<std::string> prompt(const char* question, Echo echo);

// The first line of standard input, without its end.
base::Result<std::string> read_secret_line();

}  // namespace bundler
