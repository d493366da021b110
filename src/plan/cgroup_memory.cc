// linux.resources.memory as writes.
// spec: config-linux.md#memory
#include "base/text.h"
#include "plan/cgroup_limits.h"

namespace plan {
namespace {

// include/linux/errno.h; never meant for user space, yet what some kernels answer.
constexpr int kNotSupported = 524;

Status memory_v1(const spec::Memory& memory, Controller& controller) {
  auto limit = memory.limit.value_or(0);
  auto swap = memory.swap.value_or(0);
  bool both = limit != 0 && (swap != 0 || limit == -1);
  if (limit != 0)
    TRY(controller.add({.file = "memory.limit_in_bytes",
                        .text = base::cat(limit),
                        .what = "limit",
                        .any_order = both,
                        .usage_file = "memory.usage_in_bytes"}));
  // The kernel has no swap accounting where the file is absent, and then no limit on it either.
  if (limit == -1 && swap == 0) swap = -1;
  if (swap != 0) {
    std::vector<int> tolerate;
    if (swap == -1) tolerate = {ENOENT};
    TRY(controller.add({.file = "memory.memsw.limit_in_bytes",
                        .text = base::cat(swap),
                        .what = memory.swap ? "swap" : "limit",
                        .tolerate = tolerate,
                        .any_order = both,
                        .usage_file = "memory.memsw.usage_in_bytes"}));
  }
  if (memory.reservation.value_or(0) != 0)
    TRY(controller.add({.file = "memory.soft_limit_in_bytes",
                        .text = base::cat(*memory.reservation),
                        .what = "reservation"}));
  // The file is still there, and takes what is written without any effect: see make and update.
  if (memory.kernel.value_or(0) != 0)
    TRY(controller.add({.file = "memory.kmem.limit_in_bytes",
                        .text = base::cat(*memory.kernel),
                        .what = "kernel",
                        .tolerate = {ENOENT, EOPNOTSUPP, kNotSupported}}));
  if (memory.kernel_tcp.value_or(0) != 0)
    TRY(controller.add({.file = "memory.kmem.tcp.limit_in_bytes",
                        .text = base::cat(*memory.kernel_tcp),
                        .what = "kernelTCP"}));
  if (memory.swappiness)
    TRY(controller.add({.file = "memory.swappiness",
                        .text = base::cat(*memory.swappiness),
                        .what = "swappiness"}));
  if (memory.disable_oom_killer)
    TRY(controller.add({.file = "memory.oom_control",
                        .text = *memory.disable_oom_killer ? "1" : "0",
                        .what = "disableOOMKiller"}));
  return {};
}

std::string max_or(std::int64_t bytes) { return bytes < 0 ? "max" : base::cat(bytes); }

// v2 limits swap alone; the configuration gives memory and swap together.
Status swap_v2(const spec::Memory& memory, Controller& controller) {
  auto limit = memory.limit.value_or(0);
  auto swap = memory.swap.value_or(0);
  // compat: without a limit of memory none of swap, as on v1 (runc).
  if (limit == -1 && swap == 0) swap = -1;
  if (swap == 0) return {};
  if (swap > 0 && limit <= 0)
    return base::config_error(controller.what("swap"),
                              ": needs linux.resources.memory.limit, since it counts memory and ",
                              "swap together, got ", swap, " alone");
  if (swap > 0 && swap < limit)
    return base::config_error(controller.what("swap"), ": must not be below memory.limit (", limit,
                              "), got ", swap);
  auto text = swap < 0 ? "max" : base::cat(swap - limit);
  // The file is absent where the kernel does not count swap, and then nothing is swapped or
  // nothing is limited.
  std::vector<int> tolerate;
  if (text == "max" || text == "0") tolerate = {ENOENT};
  return controller.add({.file = "memory.swap.max",
                         .text = text,
                         .what = memory.swap ? "swap" : "limit",
                         .tolerate = tolerate});
}

Status memory_v2(const spec::Memory& memory, Controller& controller) {
  // compat: a kernel limit of -1 (none) is what there is.
  if (memory.kernel.value_or(0) > 0) return controller.no_counterpart("kernel");
  if (memory.kernel_tcp.value_or(0) > 0) return controller.no_counterpart("kernelTCP");
  if (memory.swappiness) return controller.no_counterpart("swappiness");
  if (memory.disable_oom_killer.value_or(false))
    return controller.no_counterpart("disableOOMKiller");
  TRY(swap_v2(memory, controller));
  if (memory.limit.value_or(0) != 0)
    TRY(controller.add({.file = "memory.max",
                        .text = max_or(*memory.limit),
                        .what = "limit",
                        .usage_file = "memory.current",
                        .check_usage = memory.check_before_update.value_or(false)}));
  if (memory.reservation.value_or(0) != 0)
    TRY(controller.add(
        {.file = "memory.low", .text = max_or(*memory.reservation), .what = "reservation"}));
  return {};
}

}  // namespace

// compat: 0 is "not set" for every size, as in runc and crun: callers send it so.
Status memory_limits(const spec::Memory& memory, Controller controller) {
  if (!memory.use_hierarchy.value_or(true))
    return base::unsupported(controller.what("useHierarchy"),
                             ": Linux counts the memory of groups inside with that of their parent "
                             "since 5.11, in both versions of cgroups");
  return controller.v2() ? memory_v2(memory, controller) : memory_v1(memory, controller);
}

}  // namespace plan
