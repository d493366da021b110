// A mount of type "cgroup" → the operations that show the container its groups.
#pragma once
#include <vector>

#include "base/result.h"
#include "plan/mounts.h"

namespace plan {

// `op` has index and target. On a unified host one cgroup2; else a tmpfs with one mount for each
// hierarchy of the host, named as there, and links for controllers that share one. With a cgroup
// namespace the file systems are mounted, which shows the container its group as the root;
// without, its group's directory is bound.
// spec: config-linux.md#control-groups (a mount of type cgroup, for both versions)
base::Status cgroup_mount_ops(const MountOp& op, const MountOptions& options,
                              const MountContext& context, std::vector<MountOp>& out);

}  // namespace plan
