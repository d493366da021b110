// What is left of the host in init's mount namespace, before and while it is left behind.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

// Makes the mount that holds this path private: a root cannot be changed below a shared one.
base::Status make_parent_private(const std::string& path);

// The working directory becomes the root, what was the root goes. `shared`: its mounts may be peers
// of the host's, whose must not go with them.
base::Status pivot(bool shared);

// What is a peer of the host's, but for the container's tree `root`, becomes its slave: without
// pivot_root we are about to take mounts away, and to cover others.
base::Status leave_host_mounts(base::FdRef root);

// Without pivot_root the host's mounts stay below the new root: its procfs and sysfs must not,
// since they would let a new one be mounted without the host's masks. root: the container's tree,
// which keeps its own.
base::Status hide_kernel_file_systems(base::FdRef root);

}  // namespace apply
