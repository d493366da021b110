// Prints what the library writes, for tests/spec/schemas.py: {"record": […], "events": […]}.
#include <cstdio>

#include "container/record.h"
#include "container/stats.h"

namespace {

base::Json stats_event(const apply::CgroupStats& stats) {
  auto out = base::Json::object();
  out.set("type", "stats");
  out.set("id", "c1");
  out.set("data", container::describe(stats));
  return out;
}

base::Json events() {
  apply::CgroupStats whole;
  whole.cpu = {.total = 1,
               .per_cpu = {1, 0},
               .per_cpu_kernel = {0, 1},
               .per_cpu_user = {1, 1},
               .periods = 3,
               .throttled_periods = 2,
               .throttled_time = 1};
  whole.cpu.pressure = apply::Pressure{{1.5, 0, 100, 7}, {}};
  whole.cpuset = {{0, 1}, {0}, {{"cpu_exclusive", 0}, {"sched_relax_domain_level", -1}}};
  whole.memory.cache = 4096;
  whole.memory.memory = {18446744073709551615U, 4096, 8192, 1};
  whole.memory.raw = {{"cache", 4096}};
  whole.memory.pressure = apply::Pressure{};
  whole.pids = {3, 50};
  whole.block_io.service_bytes = {{8, 0, "Read", 4096}};
  whole.block_io.sectors = {{8, 0, "", 8}};
  whole.block_io.pressure = apply::Pressure{};
  whole.hugepages = {{"2MB", 1, 2, 3}, {"1GB", 0, 0, 0}};
  auto out = base::Json::array();
  out.push(stats_event(whole));
  out.push(stats_event({}));
  return out;
}

}  // namespace

int main() {
  container::Saved whole;
  whole.id = "c1";
  whole.bundle = "/bundle";
  whole.rootfs = "/bundle/rootfs";
  whole.created = "2026-01-02T03:04:05.678901234Z";
  whole.owner = 1000;
  whole.pid = 42;
  whole.start_time = 4242;
  auto unfinished = whole;
  unfinished.pid = 0;
  unfinished.start_time = 0;
  whole.ready = true;
  whole.annotations = {{"a", "b"}};
  whole.cgroup.groups = {{"/sys/fs/cgroup/unified", true, {}, "/c1", 1},
                         {"/sys/fs/cgroup/cpu,cpuacct", false, {"cpu", "cpuacct"}, "/", 0}};
  whole.resctrl = apply::ResctrlGroup{"/sys/fs/resctrl", "gold", true, "c1"};
  auto records = base::Json::array();
  for (const auto& saved : {whole, unfinished}) records.push(container::write_saved(saved));
  auto all = base::Json::object();
  all.set("record", records);
  all.set("events", events());
  std::puts(base::dump(all).c_str());
}
