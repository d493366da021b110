// Prints what the library writes, for tests/spec/schemas.py: {"record": […]}.
#include <cstdio>

#include "container/record.h"

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
  auto records = base::Json::array();
  for (const auto& saved : {whole, unfinished}) records.push(container::write_saved(saved));
  auto all = base::Json::object();
  all.set("record", records);
  std::puts(base::dump(all).c_str());
}
