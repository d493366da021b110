// Writes planned limits to groups that are open.
#pragma once
#include <span>
#include <vector>

#include "apply/cgroup.h"

namespace apply {

struct OpenGroup {
  const CgroupPath& where;
  FdRef dir;
};

// In the plan's order. A write to a hierarchy that is not among the groups is an error unless it
// tolerates EPERM.
Status write_all_limits(std::span<const OpenGroup> groups,
                        const std::vector<plan::CgroupWrite>& writes);

}  // namespace apply
