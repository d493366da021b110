// linux.memoryPolicy → the arguments of set_mempolicy(2).
#pragma once
#include <vector>

#include "base/result.h"
#include "spec/linux.h"

namespace plan {

struct MemoryPolicy {
  int mode = 0;               // MPOL_… | MPOL_F_…
  std::vector<bool> nodes{};  // empty: none
  friend bool operator==(const MemoryPolicy&, const MemoryPolicy&) = default;
};

// The policy has passed spec::check. What this kernel lacks (MPOL_WEIGHTED_INTERLEAVE is Linux 6.9,
// MPOL_PREFERRED_MANY 5.15) it refuses itself. spec: config-linux.md#memory-policy
base::Result<MemoryPolicy> memory_policy(const spec::MemoryPolicy& config);

}  // namespace plan
