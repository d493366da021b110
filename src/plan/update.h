// New limits for a container that exists: the limits that are then in force, and the writes for
// what changes.
#pragma once
#include <vector>

#include "plan/cgroup.h"
#include "plan/cgroup_host.h"
#include "spec/resources.h"

namespace plan {

struct Update {
  spec::Resources in_force{};         // the stored limits, with the wanted ones over them
  std::vector<CgroupWrite> writes{};  // of the wanted ones alone, and of what goes with them
};

// `host`: the hierarchies in which the container has groups. Device rules are never updated: what
// stands in `wanted` of them is passed over, the stored ones stay. compat: runc
// Errors: as of cgroup_limits.
Result<Update> update(const spec::Resources& stored, const spec::Resources& wanted,
                      const CgroupHost& host);

}  // namespace plan
