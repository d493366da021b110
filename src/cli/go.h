// Command lines as Go's programs write them.
#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

// compat: Go's callers write long options with one dash (`restore -no-subreaper`), and "--" where
// an id comes next. `args` has the program's name first; what stands behind the first word of a
// command whose rest is another program's (CLI::App::prefix_command) is left as it is.
std::vector<std::string> with_two_dashes(std::vector<std::string> args, const CLI::App& app);

}  // namespace cli
