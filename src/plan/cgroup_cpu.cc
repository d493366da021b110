// linux.resources.cpu as writes.
// spec: config-linux.md#cpu
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "plan/cgroup_limits.h"

namespace plan {
namespace {

Status bandwidth_v1(const spec::Cpu& cpu, Controller& controller) {
  // Each is checked against the present values of the others.
  if (cpu.burst)
    TRY(controller.add({.file = "cpu.cfs_burst_us",
                        .text = base::cat(*cpu.burst),
                        .what = "burst",
                        .any_order = true}));
  if (cpu.period.value_or(0) != 0)
    TRY(controller.add({.file = "cpu.cfs_period_us",
                        .text = base::cat(*cpu.period),
                        .what = "period",
                        .any_order = true}));
  if (cpu.quota.value_or(0) != 0)
    TRY(controller.add({.file = "cpu.cfs_quota_us",
                        .text = base::cat(std::max<std::int64_t>(*cpu.quota, -1)),
                        .what = "quota",
                        .any_order = true}));
  return {};
}

Status realtime_v1(const spec::Cpu& cpu, Controller& controller) {
  if (cpu.realtime_period.value_or(0) != 0)
    TRY(controller.add({.file = "cpu.rt_period_us",
                        .text = base::cat(*cpu.realtime_period),
                        .what = "realtimePeriod",
                        .any_order = true}));
  if (cpu.realtime_runtime.value_or(0) != 0)
    TRY(controller.add({.file = "cpu.rt_runtime_us",
                        .text = base::cat(*cpu.realtime_runtime),
                        .what = "realtimeRuntime",
                        .any_order = true}));
  return {};
}

Status bandwidth_v2(const spec::Cpu& cpu, Controller& controller) {
  if (cpu.burst)
    TRY(controller.add({.file = "cpu.max.burst",
                        .text = base::cat(*cpu.burst),
                        .what = "burst",
                        .any_order = true}));
  auto quota = cpu.quota.value_or(0);
  auto period = cpu.period.value_or(0);
  if (quota == 0 && period == 0) return {};
  // A quota alone leaves the present period, which is 100000 in a new group.
  auto text = quota > 0 ? base::cat(quota) : std::string("max");
  if (period != 0) text += base::cat(' ', period);
  return controller.add({.file = "cpu.max",
                         .text = text,
                         .what = quota != 0 ? "quota" : "period",
                         .any_order = true});
}

}  // namespace

std::uint64_t weight_from_shares(std::uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  // compat: the curve of runc 1.3.2 and crun 1.23, through (2, 1), (1024, 100), (262144, 10000).
  double l = std::log2(static_cast<double>(shares));
  double weight = std::pow(10.0, (l * l + 125.0 * l - 126.0) / 612.0);
  // What is a whole number on paper must not be rounded up for an error in the last digit.
  return static_cast<std::uint64_t>(std::ceil(weight - 1e-9));
}

// compat: 0 is "not set" for shares, quota and periods, as in runc and crun.
Status cpu_limits(const spec::Cpu& cpu, Controller controller) {
  bool idle = cpu.idle.value_or(0) == 1;
  if (cpu.idle)
    TRY(controller.add({.file = "cpu.idle", .text = base::cat(*cpu.idle), .what = "idle"}));
  // An idle group has the least weight, and the kernel refuses another.
  if (cpu.shares.value_or(0) != 0 && !idle) {
    if (controller.v2())
      TRY(controller.add({.file = "cpu.weight",
                          .text = base::cat(weight_from_shares(*cpu.shares)),
                          .what = "shares"}));
    else
      TRY(controller.add({.file = "cpu.shares", .text = base::cat(*cpu.shares), .what = "shares"}));
  }
  if (!controller.v2()) {
    TRY(bandwidth_v1(cpu, controller));
    return realtime_v1(cpu, controller);
  }
  if (cpu.realtime_period.value_or(0) != 0) return controller.no_counterpart("realtimePeriod");
  if (cpu.realtime_runtime.value_or(0) != 0) return controller.no_counterpart("realtimeRuntime");
  return bandwidth_v2(cpu, controller);
}

Status cpuset_limits(const spec::Cpu& cpu, Controller controller) {
  if (!cpu.cpus.empty())
    TRY(controller.add({.file = "cpuset.cpus", .text = cpu.cpus, .what = "cpus"}));
  if (!cpu.mems.empty())
    TRY(controller.add({.file = "cpuset.mems", .text = cpu.mems, .what = "mems"}));
  return {};
}

}  // namespace plan
