// Freezing, thawing and killing all that is in a cgroup.
#pragma once
#include "apply/cgroup.h"

namespace apply {

// Returns once every process in the group is frozen. Within ten seconds, or the group is thawed
// again and that is the error.
// man: cgroups(7); Linux: admin-guide/cgroup-v2 (cgroup.freeze, Linux 5.2),
// admin-guide/cgroup-v1/freezer-subsystem
Status freeze(const CgroupPaths& paths);
// Fine for what is not frozen, and for a group that is gone.
Status thaw(const CgroupPaths& paths);
// Whether the group is, or is being, frozen; false if it is gone.
Result<bool> frozen(const CgroupPaths& paths);

// SIGKILL to every process in the group and in groups inside; it leaves the group thawed, since
// what is frozen by v1 does not die. Those processes may still be ending when it returns.
// Linux: cgroup.kill, 5.14
Status kill_all(const CgroupPaths& paths);

}  // namespace apply
