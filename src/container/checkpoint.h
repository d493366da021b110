// Writes a running container to disk, through criu.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "container/criu_run.h"

namespace container {

// Afterwards it is stopped, and `restore` may take its place under its id; with leave_running or
// pre_dump it runs on, as it does after a failure.
// compat: runc, which deletes it at once
base::Status checkpoint(const ImageOptions& options, std::vector<std::string>& warnings);

}  // namespace container
