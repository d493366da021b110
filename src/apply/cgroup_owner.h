// Gives the container's cgroup to a user.
#pragma once
#include <sys/types.h>

#include "apply/cgroup.h"
#include "fs/proc.h"

namespace apply {

// As plan.owner says, in the ids of this process, whose user namespace is set up: the directory of
// the v2 group, and those files in it that /sys/kernel/cgroup/delegate lists; no other, for they
// are its limits. Nothing where there is no owner or no group. A runtime without privileges over
// the owner's id leaves it be.
// spec: config-linux.md#cgroup-ownership. man: cgroups(7)
Status give_cgroup(const plan::CgroupPlan& plan, const CgroupPaths& paths, pid_t pid,
                   const fs::Proc& proc);

}  // namespace apply
