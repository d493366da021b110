// What a container may not read, or not write.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

// A detached mount of the host's /dev/null, verified to be that device.
// cve: 2025-31133 (a /dev/null of the image's making)
base::Result<base::Fd> open_null();

// Covers each path below `root`: files with `null`, directories with one empty read-only tmpfs, the
// same for all, of this SELinux context (or none). What does not exist is skipped.
// spec: config-linux.md#masked-paths, #mount-label
base::Status mask_paths(base::FdRef root, const std::vector<std::string>& paths, base::Fd null,
                        const std::string& label);

// Makes the path a mount of its own that is read-only; what is mounted below it stays as it is.
// What does not exist is skipped. spec: config-linux.md#readonly-paths
base::Status make_read_only(base::FdRef root, const std::string& path);

}  // namespace apply
