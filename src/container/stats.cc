#include "container/stats.h"

#include "base/text.h"

namespace container {
namespace {

using base::Json;

void set_nonzero(Json& out, std::string_view name, std::uint64_t value) {
  if (value != 0) out.set(name, value);
}

Json numbers(const std::vector<std::uint64_t>& list) {
  auto out = Json::array();
  for (auto n : list) out.push(n);
  return out;
}

Json line(const apply::PressureLine& pressure) {
  auto out = Json::object();
  out.set("avg10", pressure.avg10);
  out.set("avg60", pressure.avg60);
  out.set("avg300", pressure.avg300);
  out.set("total", pressure.total);
  return out;
}

void set_pressure(Json& out, const std::optional<apply::Pressure>& pressure) {
  if (!pressure) return;
  auto json = Json::object();
  json.set("some", line(pressure->some));
  json.set("full", line(pressure->full));
  out.set("psi", std::move(json));
}

Json cpu(const apply::CpuStats& stats) {
  auto usage = Json::object();
  set_nonzero(usage, "total", stats.total);
  usage.set_some("percpu", numbers(stats.per_cpu));
  usage.set_some("percpu_kernel", numbers(stats.per_cpu_kernel));
  usage.set_some("percpu_user", numbers(stats.per_cpu_user));
  usage.set("kernel", stats.kernel);
  usage.set("user", stats.user);
  auto throttling = Json::object();
  set_nonzero(throttling, "periods", stats.periods);
  set_nonzero(throttling, "throttledPeriods", stats.throttled_periods);
  set_nonzero(throttling, "throttledTime", stats.throttled_time);
  auto out = Json::object();
  out.set("usage", std::move(usage));
  out.set("throttling", std::move(throttling));
  set_pressure(out, stats.pressure);
  return out;
}

Json cpuset(const apply::CpusetStats& stats) {
  auto out = Json::object();
  out.set_some("cpus", numbers(stats.cpus));
  out.set_some("mems", numbers(stats.mems));
  for (const auto& [name, value] : stats.settings) out.set(name, value);
  return out;
}

Json memory_use(const apply::MemoryUse& use) {
  auto out = Json::object();
  out.set("limit", use.limit);
  set_nonzero(out, "usage", use.usage);
  set_nonzero(out, "max", use.most);
  out.set("failcnt", use.failures);
  return out;
}

Json memory(const apply::MemoryStats& stats) {
  auto out = Json::object();
  set_nonzero(out, "cache", stats.cache);
  out.set("usage", memory_use(stats.memory));
  out.set("swap", memory_use(stats.swap));
  out.set("kernel", memory_use(stats.kernel));
  out.set("kernelTCP", memory_use(stats.kernel_tcp));
  auto raw = Json::object();
  for (const auto& [name, value] : stats.raw) raw.set(name, value);
  out.set_some("raw", std::move(raw));
  set_pressure(out, stats.pressure);
  return out;
}

Json pids(const apply::PidsStats& stats) {
  auto out = Json::object();
  set_nonzero(out, "current", stats.current);
  set_nonzero(out, "limit", stats.limit);
  return out;
}

void set_entries(Json& out, std::string_view name,
                 const std::vector<apply::BlockIoEntry>& entries) {
  auto list = Json::array();
  for (const auto& entry : entries) {
    auto row = Json::object();
    set_nonzero(row, "major", entry.major);
    set_nonzero(row, "minor", entry.minor);
    row.set_some("op", entry.operation);
    set_nonzero(row, "value", entry.value);
    list.push(std::move(row));
  }
  out.set_some(name, std::move(list));
}

Json block_io(const apply::BlockIoStats& stats) {
  auto out = Json::object();
  set_entries(out, "ioServiceBytesRecursive", stats.service_bytes);
  set_entries(out, "ioServicedRecursive", stats.serviced);
  set_entries(out, "ioQueueRecursive", stats.queued);
  set_entries(out, "ioServiceTimeRecursive", stats.service_time);
  set_entries(out, "ioWaitTimeRecursive", stats.wait_time);
  set_entries(out, "ioMergedRecursive", stats.merged);
  set_entries(out, "ioTimeRecursive", stats.time);
  set_entries(out, "sectorsRecursive", stats.sectors);
  set_pressure(out, stats.pressure);
  return out;
}

Json hugepages(const std::vector<apply::HugepageStats>& stats) {
  auto out = Json::object();
  for (const auto& size : stats) {
    auto row = Json::object();
    set_nonzero(row, "usage", size.usage);
    set_nonzero(row, "max", size.most);
    row.set("failcnt", size.failures);
    out.set(size.page_size, std::move(row));
  }
  return out;
}

}  // namespace

Json describe(const apply::CgroupStats& stats) {
  auto out = Json::object();
  out.set("cpu", cpu(stats.cpu));
  out.set("cpuset", cpuset(stats.cpuset));
  out.set("memory", memory(stats.memory));
  out.set("pids", pids(stats.pids));
  out.set("blkio", block_io(stats.block_io));
  out.set("hugetlb", hugepages(stats.hugepages));
  out.set("intel_rdt", Json::object());
  // Those that the runtime makes for a container, and it makes none.
  out.set("network_interfaces", nullptr);
  return out;
}

}  // namespace container
