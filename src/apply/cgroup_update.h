// Limits of a group that is in use: all are replaced, or none.
#pragma once
#include <vector>

#include "apply/cgroup.h"

namespace apply {

// Gives the writes that put back what there was. When one fails, those before it are put back, and
// the error also tells if that did not work. A controller of v2 that the group does not have yet is
// enabled from the top down.
Result<std::vector<plan::CgroupWrite>> replace_limits(const CgroupPaths& paths,
                                                      const std::vector<plan::CgroupWrite>& writes);

// The writes that would put back what these are about to replace.
Result<std::vector<plan::CgroupWrite>> limits_before(const CgroupPaths& paths,
                                                     const std::vector<plan::CgroupWrite>& writes);

// Puts back what replace_limits gave. What has its old value is not written.
Status restore_limits(const CgroupPaths& paths, const std::vector<plan::CgroupWrite>& undo);

}  // namespace apply
