// Re-executes the runtime from a place where nobody can write to it.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace container {

// Before any process of ours enters a container: what /proc/PID/exe of it leads to must not be the
// runtime's file on the host. The first call replaces this process by the same program, with the
// same arguments and environment, as a file of a detached overlay that has lower layers only (no
// copy is made, and nothing in it can be written), or where that cannot be had (no privilege, a
// file system that overlayfs does not take) from a sealed memory file. In that process the call
// does nothing. cve: 2019-5736 (a container overwrote the runtime through /proc/self/exe)
base::Status seal(const std::vector<std::string>& args, std::vector<std::string> env);

}  // namespace container
