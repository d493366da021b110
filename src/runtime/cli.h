// argv → Command.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "runtime/command.h"

namespace runtime {

struct Parsed {
  Global global{};
  Command command = Features();
};

// What is to be done; or, when the line asks for help or the version or is wrong, the text for it
// and the exit code.
struct Answer {
  std::optional<Parsed> parsed{};
  std::string text{};
  int exit_code = 0;
};
// `args` with the program's name first; `version`: what --version prints.
Answer parse(const std::vector<std::string>& args, const std::string& default_root,
             const std::string& version);

}  // namespace runtime
