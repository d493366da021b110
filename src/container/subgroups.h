// Groups inside the container's own, which `exec --cgroup` names.
#pragma once
#include <string>
#include <vector>

#include "apply/cgroup.h"
#include "base/result.h"

namespace container {

// Each of `wanted` is PATH, for every hierarchy (then the only one), or
// CONTROLLER[,CONTROLLER…]:PATH for v1. Paths count from the container's group and never lead out
// of it; what is not named stays as it is. Kind::Usage names what is wrong; whether a group exists
// is found out by joining it. compat: runc
base::Result<apply::CgroupPaths> subgroups(apply::CgroupPaths container,
                                           const std::vector<std::string>& wanted);

}  // namespace container
