// The place below the root on which a mount is put, made if it is missing.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

struct MountTarget {
  base::Fd fd{};      // O_PATH
  bool made = false;  // was missing before
};

enum class TargetLinks {
  Followed,  // below the root
  Refused,   // cve: 2019-19921
};

// `source`: the tree to be put there; a missing target gets its kind, directory or file.
// A path that a link leads into a procfs is refused: cve: 2019-16884, 2025-52881.
base::Result<MountTarget> mount_target(base::FdRef root, const std::string& path,
                                       base::FdRef source, TargetLinks links);
// The same for a directory.
base::Result<MountTarget> mount_target_dir(base::FdRef root, const std::string& path,
                                           TargetLinks links);

}  // namespace apply
