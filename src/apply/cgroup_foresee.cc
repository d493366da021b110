// What make_cgroup is going to make, for the record that is written first.
#include <algorithm>

#include "apply/cgroup.h"
#include "sys/file.h"

namespace apply {
namespace {

// How many of the last levels of this path are not there.
unsigned missing_levels(const plan::CgroupDirectory& directory) {
  unsigned missing = 0;
  for (std::string path = directory.path; !path.empty() && path != "/"; ++missing) {
    if (sys::fstatat(FdRef::cwd(), directory.mount + path, 0)) break;
    path.erase(path.find_last_of('/'));
  }
  return missing;
}

}  // namespace

CgroupPaths foresee_cgroup(const plan::CgroupPlan& plan) {
  CgroupPaths out;
  for (const auto& directory : plan.directories) {
    CgroupPath row;
    row.mount = directory.mount;
    row.v2 = directory.v2;
    row.controllers = directory.controllers;
    row.path = directory.path;
    row.made = missing_levels(directory);
    // The slices above are systemd's.
    if (directory.by_systemd) row.made = std::min(row.made, 1U);
    // What is there may be another container's, whose processes `delete` must not kill.
    if (row.made > 0) out.groups.push_back(std::move(row));
  }
  return out;
}

}  // namespace apply
