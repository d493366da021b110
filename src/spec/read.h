// config.json → Config.
#pragma once
#include <string_view>

#include "base/result.h"
#include "spec/config.h"

namespace spec {

// The whole text of a config.json. Unknown members are ignored (spec: config.md#extensibility);
// wrong types, unknown words of a closed set and numbers out of range are errors that name the JSON
// path and the value: "linux.namespaces[2].type: must be one of mount, pid, …, got "pidd"".
base::Result<Config> read_config(std::string_view text);

// The text of a process document (`runtime exec --process`), and of a resources document
// (`runtime update --resources`).
base::Result<Process> read_process(std::string_view text);
base::Result<Resources> read_resources(std::string_view text);

}  // namespace spec
