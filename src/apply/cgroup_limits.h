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

// Those groups of a container that some writes go to. It borrows the paths.
struct OpenGroups {
  std::vector<Fd> dirs{};
  std::vector<OpenGroup> groups{};
  // The group in the hierarchy mounted here, or nullptr.
  const OpenGroup* at(const std::string& mount) const;
};
Result<OpenGroups> open_groups(const CgroupPaths& paths,
                               const std::vector<plan::CgroupWrite>& writes);

// In the plan's order. A write to a hierarchy that is not among the groups is an error unless it
// tolerates EPERM.
Status write_all_limits(std::span<const OpenGroup> groups,
                        const std::vector<plan::CgroupWrite>& writes);

}  // namespace apply
