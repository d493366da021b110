// The environment that -e and --env-file give to a process.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/make_command.h"

namespace engine {

// "NAME=VALUE" of the files' lines, then of the options. A NAME alone has its value from `ours`
// ("NAME=VALUE", this program's environment), and none where that has none. In a file, empty lines
// and those that begin with "#" are passed over. Kind::Usage names the option.
// compat: docker run --env, --env-file
base::Result<Words> read_variables(const Words& env, const Words& env_files, const Words& ours);

// One for another of the same name, else a further one.
void set_variable(Words& environment, const std::string& entry);

}  // namespace engine
