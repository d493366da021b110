// The text of --help.
#pragma once
#include <string>

#include "cli/outline.h"

namespace cli {

// Usage, what it does, commands, arguments, options under their headings, an example, the page.
std::string help(const Command& command);

}  // namespace cli
