// Signals to a container, and who is in it.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace container {

// A number, or a name in any case with or without SIG: "9", "KILL", "sigkill", "RTMIN+1".
base::Result<int> signal_of(std::string_view word);

// spec: runtime.md#kill. To init, or with `all` to every process of the container. Errors have the
// words "container not running" for one that has stopped.
base::Status kill(const std::string& root, const std::string& id, int signal, bool all);

// The pids of all its processes, as our pid namespace counts them.
base::Result<std::vector<int>> process_ids(const std::string& root, const std::string& id);

}  // namespace container
