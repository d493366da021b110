#include "plan/memory_policy.h"

#include <array>

#include "base/named.h"
#include "plan/process.h"

namespace plan {
namespace {

// <linux/mempolicy.h>, newer than the build headers. man: set_mempolicy(2)
constexpr std::array<base::Named<int>, 7> kModes{{{"MPOL_DEFAULT", 0},
                                                  {"MPOL_PREFERRED", 1},
                                                  {"MPOL_BIND", 2},
                                                  {"MPOL_INTERLEAVE", 3},
                                                  {"MPOL_LOCAL", 4},
                                                  {"MPOL_PREFERRED_MANY", 5},
                                                  {"MPOL_WEIGHTED_INTERLEAVE", 6}}};
constexpr std::array<base::Named<int>, 3> kFlags{{{"MPOL_F_STATIC_NODES", 1 << 15},
                                                  {"MPOL_F_RELATIVE_NODES", 1 << 14},
                                                  {"MPOL_F_NUMA_BALANCING", 1 << 13}}};

}  // namespace

base::Result<MemoryPolicy> memory_policy(const spec::MemoryPolicy& config) {
  MemoryPolicy out;
  auto mode = base::value_of(kModes, config.mode);
  if (!mode)
    return base::config_error("linux.memoryPolicy.mode: unknown mode ", base::quote(config.mode));
  out.mode = *mode;
  for (const auto& word : config.flags) {
    auto flag = base::value_of(kFlags, word);
    if (!flag)
      return base::config_error("linux.memoryPolicy.flags: unknown flag ", base::quote(word));
    out.mode |= *flag;
  }
  out.nodes = TRY(cpu_list(config.nodes, "linux.memoryPolicy.nodes"));
  return out;
}

}  // namespace plan
