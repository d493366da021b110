// Reads from the kernel where its cgroup hierarchies are and where in them we are.
#pragma once
#include "base/result.h"
#include "plan/cgroup_host.h"

namespace apply {

// Few calls, whatever else is mounted: the hierarchies named in /proc/self/cgroup are looked for at
// their usual places, and /proc/self/mountinfo is read only if one is not there or does not show
// our own group (which is so in containers without a cgroup namespace).
// man: cgroups(7), proc(5)
base::Result<plan::CgroupHost> probe_cgroup();

}  // namespace apply
