// Re-executes the runtime from a sealed copy of itself.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace container {

// Before any process of ours enters a container: what /proc/PID/exe of it leads to must not be the
// runtime's file on the host. The first call replaces this process by the same program from a
// sealed memory file, with the same arguments and environment; in that process the call does
// nothing. cve: 2019-5736 (a container overwrote the runtime through /proc/self/exe)
base::Status seal(const std::vector<std::string>& args, const std::vector<std::string>& env);

}  // namespace container
