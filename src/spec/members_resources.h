// The JSON members of the cgroup limits.
#pragma once
#include "spec/is.h"
#include "spec/resources.h"
#include "spec/words.h"

namespace spec {

void members(auto& f, is<DeviceRule> auto& x) {
  f.must("allow", x.allow);
  f.may_word("type", x.type, kDeviceRuleTypes);
  f.may("major", x.major);
  f.may("minor", x.minor);
  f.may("access", x.access);
}

void members(auto& f, is<Memory> auto& x) {
  f.may("limit", x.limit);
  f.may("reservation", x.reservation);
  f.may("swap", x.swap);
  f.may("kernel", x.kernel);
  f.may("kernelTCP", x.kernel_tcp);
  f.may("swappiness", x.swappiness);
  f.may("disableOOMKiller", x.disable_oom_killer);
  f.may("useHierarchy", x.use_hierarchy);
  f.may("checkBeforeUpdate", x.check_before_update);
}

void members(auto& f, is<Cpu> auto& x) {
  f.may("shares", x.shares);
  f.may("quota", x.quota);
  f.may("burst", x.burst);
  f.may("period", x.period);
  f.may("realtimeRuntime", x.realtime_runtime);
  f.may("realtimePeriod", x.realtime_period);
  f.may("cpus", x.cpus);
  f.may("mems", x.mems);
  f.may("idle", x.idle);
}

void members(auto& f, is<Pids> auto& x) { f.may("limit", x.limit); }

void members(auto& f, is<WeightDevice> auto& x) {
  f.must("major", x.major);
  f.must("minor", x.minor);
  f.may("weight", x.weight);
  f.may("leafWeight", x.leaf_weight);
}

void members(auto& f, is<ThrottleDevice> auto& x) {
  f.must("major", x.major);
  f.must("minor", x.minor);
  f.must("rate", x.rate);
}

void members(auto& f, is<BlockIo> auto& x) {
  f.may("weight", x.weight);
  f.may("leafWeight", x.leaf_weight);
  f.may("weightDevice", x.weight_device);
  f.may("throttleReadBpsDevice", x.throttle_read_bps_device);
  f.may("throttleWriteBpsDevice", x.throttle_write_bps_device);
  f.may("throttleReadIOPSDevice", x.throttle_read_iops_device);
  f.may("throttleWriteIOPSDevice", x.throttle_write_iops_device);
}

void members(auto& f, is<HugepageLimit> auto& x) {
  f.must("pageSize", x.page_size);
  f.must("limit", x.limit);
}

void members(auto& f, is<InterfacePriority> auto& x) {
  f.must("name", x.name);
  f.must("priority", x.priority);
}

void members(auto& f, is<Network> auto& x) {
  f.may("classID", x.class_id);
  f.may("priorities", x.priorities);
}

void members(auto& f, is<Rdma> auto& x) {
  f.may("hcaHandles", x.hca_handles);
  f.may("hcaObjects", x.hca_objects);
}

void members(auto& f, is<Resources> auto& x) {
  f.may("devices", x.devices);
  f.may("memory", x.memory);
  f.may("cpu", x.cpu);
  f.may("pids", x.pids);
  f.may("blockIO", x.block_io);
  f.may("hugepageLimits", x.hugepage_limits);
  f.may("network", x.network);
  f.keyed("rdma", x.rdma, &Rdma::device);
  f.may("unified", x.unified);
}

}  // namespace spec
