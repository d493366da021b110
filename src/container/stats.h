// Usage of a container as JSON, in runc's shape.
#pragma once
#include "apply/cgroup_stats.h"
#include "base/json.h"

namespace container {

// The "data" of a stats event: numbers that are zero stay out where runc leaves them out.
// compat: runc, containerd (schema/events.schema.json)
base::Json describe(const apply::CgroupStats& stats);

}  // namespace container
