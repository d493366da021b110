#include "plan/update.h"

#include <algorithm>

namespace plan {
namespace {

template <class T>
void take(std::optional<T>& into, const std::optional<T>& from) {
  if (from) into = from;
}

// compat: 0 is "not set", as everywhere in runc and crun: callers send it so.
template <class T>
void take_nonzero(std::optional<T>& into, const std::optional<T>& from) {
  if (from.value_or(0) != 0) into = from;
}

void take_text(std::string& into, const std::string& from) {
  if (!from.empty()) into = from;
}

// Rows of a list by what they are about: one takes the place of the stored row about the same.
template <class T, class Same>
void take_rows(std::vector<T>& into, const std::vector<T>& from, const Same& same) {
  for (const auto& row : from) {
    auto at =
        std::find_if(into.begin(), into.end(), [&](const T& other) { return same(row, other); });
    if (at == into.end())
      into.push_back(row);
    else
      *at = row;
  }
}

// On v2 swap has a limit of its own, which a new limit of memory leaves alone; as memory and swap
// together, as it is stored, it moves along. compat: runc, crun
void move_swap_along(spec::Memory& into, std::int64_t before) {
  auto limit = into.limit.value_or(0);
  auto swap = into.swap.value_or(0);
  if (before > 0 && swap >= before && limit > 0) into.swap = swap - before + limit;
}

void merge_memory(spec::Memory& into, const spec::Memory& from, bool v2) {
  auto before = into.limit.value_or(0);
  take_nonzero(into.limit, from.limit);
  take_nonzero(into.swap, from.swap);
  bool limit_alone = from.limit.value_or(0) != 0 && from.swap.value_or(0) == 0;
  if (limit_alone && *from.limit == -1)
    into.swap = -1;  // compat: without a limit of memory none of both (runc)
  else if (limit_alone && v2)
    move_swap_along(into, before);
  take_nonzero(into.reservation, from.reservation);
  take_nonzero(into.kernel, from.kernel);
  take_nonzero(into.kernel_tcp, from.kernel_tcp);
  take(into.swappiness, from.swappiness);
  take(into.disable_oom_killer, from.disable_oom_killer);
  take(into.use_hierarchy, from.use_hierarchy);
  take(into.check_before_update, from.check_before_update);
}

void merge_cpu(spec::Cpu& into, const spec::Cpu& from) {
  take_nonzero(into.shares, from.shares);
  take_nonzero(into.quota, from.quota);
  take(into.burst, from.burst);
  take_nonzero(into.period, from.period);
  take_nonzero(into.realtime_runtime, from.realtime_runtime);
  take_nonzero(into.realtime_period, from.realtime_period);
  take_text(into.cpus, from.cpus);
  take_text(into.mems, from.mems);
  take(into.idle, from.idle);
}

void merge_block_io(spec::BlockIo& into, const spec::BlockIo& from) {
  auto same = [](const auto& a, const auto& b) { return a.major == b.major && a.minor == b.minor; };
  take_nonzero(into.weight, from.weight);
  take_nonzero(into.leaf_weight, from.leaf_weight);
  take_rows(into.weight_device, from.weight_device, same);
  take_rows(into.throttle_read_bps_device, from.throttle_read_bps_device, same);
  take_rows(into.throttle_write_bps_device, from.throttle_write_bps_device, same);
  take_rows(into.throttle_read_iops_device, from.throttle_read_iops_device, same);
  take_rows(into.throttle_write_iops_device, from.throttle_write_iops_device, same);
}

// The block of `into`, made if need be, when `from` has one.
template <class T, class Merge>
void merge_block(std::optional<T>& into, const std::optional<T>& from, const Merge& merge) {
  if (!from) return;
  if (!into) into.emplace();
  merge(*into, *from);
}

spec::Resources merged(spec::Resources into, const spec::Resources& from, bool memory_v2) {
  merge_block(into.memory, from.memory, [&](auto& a, auto& b) { merge_memory(a, b, memory_v2); });
  merge_block(into.cpu, from.cpu, merge_cpu);
  merge_block(into.pids, from.pids, [](auto& a, auto& b) { take(a.limit, b.limit); });
  merge_block(into.block_io, from.block_io, merge_block_io);
  take_rows(into.hugepage_limits, from.hugepage_limits,
            [](const auto& a, const auto& b) { return a.page_size == b.page_size; });
  merge_block(into.network, from.network, [](auto& a, auto& b) {
    take(a.class_id, b.class_id);
    take_rows(a.priorities, b.priorities, [](auto& x, auto& y) { return x.name == y.name; });
  });
  take_rows(into.rdma, from.rdma,
            [](const auto& a, const auto& b) { return a.device == b.device; });
  take_rows(into.unified, from.unified,
            [](const auto& a, const auto& b) { return a.first == b.first; });
  return into;
}

bool on_v2(const CgroupHost& host, std::string_view controller) {
  auto hierarchy = host.with(controller);
  return hierarchy && hierarchy->v2;
}

// v2 has one file where the configuration has two members: both have to be said.
void complete_memory(spec::Memory& wanted, const spec::Memory& in_force, bool v2) {
  if (wanted.swap.value_or(0) != 0 && v2) wanted.limit = in_force.limit;
  wanted.check_before_update = in_force.check_before_update;
}

Status complete_cpu(spec::Cpu& wanted, const spec::Cpu& in_force, bool v2) {
  bool bandwidth = wanted.quota.value_or(0) != 0 || wanted.period.value_or(0) != 0;
  if (bandwidth && v2) {
    wanted.quota = in_force.quota;
    wanted.period = in_force.period;
  }
  if (wanted.idle) {
    // A group that is idle no more has the usual shares, not those it had.
    wanted.shares = in_force.shares;
  } else if (wanted.shares.value_or(0) != 0 && in_force.idle.value_or(0) == 1) {
    return base::state_error("linux.resources.cpu.shares: the container is idle (cpu.idle is 1), ",
                             "which goes without shares, got ", *wanted.shares);
  }
  return {};
}

}  // namespace

Result<Update> update(const spec::Resources& stored, const spec::Resources& wanted,
                      const CgroupHost& host) {
  if (wanted.memory && wanted.memory->kernel.value_or(0) > 0)
    return base::unsupported("linux.resources.memory.kernel: Linux has no limit of kernel memory ",
                             "alone since 5.16, got ", *wanted.memory->kernel);
  Update out;
  out.in_force = merged(stored, wanted, on_v2(host, "memory"));
  auto to_write = wanted;
  to_write.devices.clear();
  if (to_write.memory)
    complete_memory(*to_write.memory, *out.in_force.memory, on_v2(host, "memory"));
  if (to_write.cpu) TRY(complete_cpu(*to_write.cpu, *out.in_force.cpu, on_v2(host, "cpu")));
  out.writes = TRY(cgroup_limits(to_write, host));
  return out;
}

}  // namespace plan
