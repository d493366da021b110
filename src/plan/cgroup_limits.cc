#include "plan/cgroup_limits.h"

#include "base/text.h"

namespace plan {

Status Controller::add(CgroupWrite write) {
  write.what = what(write.what);
  if (!hierarchy_)
    return base::unsupported(write.what, ": needs the cgroup controller ", name_,
                             ", which is not there, got ", base::quote(write.text));
  write.mount = hierarchy_->mount;
  write.controller = name_;
  out_.push_back(std::move(write));
  return {};
}

base::Error Controller::no_counterpart(std::string_view member) const {
  return base::unsupported(what(member), ": cgroup v2 has nothing like it");
}

namespace {

// spec: config-linux.md#pids
Status pids_limit(const spec::Pids& pids, Controller controller) {
  if (!pids.limit) return {};
  // compat: 0 is a real limit, but with it nothing could start; as runc and youki do, 1 stands in.
  auto text = *pids.limit < 0 ? "max" : base::cat(*pids.limit == 0 ? 1 : *pids.limit);
  return controller.add({.file = "pids.max", .text = text, .what = "limit"});
}

// spec: config-linux.md#huge-page-limits. Reservations where the kernel counts them, and faults.
Status hugepage_limits(const std::vector<spec::HugepageLimit>& limits, Controller controller) {
  auto end = controller.v2() ? ".max" : ".limit_in_bytes";
  for (std::size_t i = 0; i < limits.size(); ++i) {
    auto file = base::cat("hugetlb.", limits[i].page_size);
    auto what = base::cat("[", i, "]");
    auto text = base::cat(limits[i].limit);
    TRY(controller.add({.file = file + end, .text = text, .what = what}));
    TRY(controller.add(
        {.file = base::cat(file, ".rsvd", end), .text = text, .what = what, .tolerate = {ENOENT}}));
  }
  return {};
}

// spec: config-linux.md#network. v1 only.
Status network_limits(const spec::Network& network, const CgroupHost& host,
                      std::vector<CgroupWrite>& out) {
  if (network.class_id) {
    Controller net_cls(host, "net_cls", "network.", out);
    TRY(net_cls.add(
        {.file = "net_cls.classid", .text = base::cat(*network.class_id), .what = "classID"}));
  }
  Controller net_prio(host, "net_prio", "network.", out);
  for (const auto& row : network.priorities)
    TRY(net_prio.add({.file = "net_prio.ifpriomap",
                      .text = base::cat(row.name, ' ', row.priority),
                      .what = "priorities"}));
  return {};
}

// spec: config-linux.md#rdma
Status rdma_limits(const std::vector<spec::Rdma>& devices, Controller controller) {
  for (const auto& device : devices) {
    auto text = device.device;
    if (device.hca_handles) text += base::cat(" hca_handle=", *device.hca_handles);
    if (device.hca_objects) text += base::cat(" hca_object=", *device.hca_objects);
    TRY(controller.add({.file = "rdma.max", .text = text, .what = device.device}));
  }
  return {};
}

// spec: config-linux.md#unified. The key is the file; one line is one write.
Status unified_limits(const std::vector<std::pair<std::string, std::string>>& unified,
                      const CgroupHost& host, std::vector<CgroupWrite>& out) {
  auto hierarchy = host.unified();
  for (const auto& [key, value] : unified) {
    auto what = base::cat("linux.resources.unified.", key);
    auto name = key.substr(0, key.find('.'));
    bool core = name == "cgroup";
    if (!hierarchy) return base::unsupported(what, ": needs cgroup v2, which is not mounted");
    if (key.find('/') != key.npos)
      return base::config_error(what, ": must be the name of a control file");
    auto at = host.with(name);
    if (!core && (!at || !at->v2))
      return base::unsupported(what, ": needs the cgroup controller ", name,
                               ", which is not there in cgroup v2");
    auto lines = base::split(value, '\n');
    if (lines.empty()) lines.emplace_back();
    for (auto line : lines) {
      if (line.empty() && lines.size() > 1) continue;
      out.push_back({.mount = hierarchy->mount,
                     .controller = core ? "" : name,
                     .file = key,
                     .text = std::string(line),
                     .what = what});
    }
  }
  return {};
}

}  // namespace

Result<std::vector<CgroupWrite>> cgroup_limits(const spec::Resources& resources,
                                               const CgroupHost& host) {
  std::vector<CgroupWrite> out;
  auto of = [&](std::string_view name, std::string_view block) {
    return Controller(host, name, block, out);
  };
  if (resources.memory) TRY(memory_limits(*resources.memory, of("memory", "memory.")));
  if (resources.cpu) {
    TRY(cpu_limits(*resources.cpu, of("cpu", "cpu.")));
    TRY(cpuset_limits(*resources.cpu, of("cpuset", "cpu.")));
  }
  if (resources.pids) TRY(pids_limit(*resources.pids, of("pids", "pids.")));
  if (resources.block_io) {
    bool v1 = host.with("blkio") != nullptr;
    TRY(block_io_limits(*resources.block_io, of(v1 ? "blkio" : "io", "blockIO.")));
  }
  TRY(hugepage_limits(resources.hugepage_limits, of("hugetlb", "hugepageLimits")));
  if (resources.network) TRY(network_limits(*resources.network, host, out));
  TRY(rdma_limits(resources.rdma, of("rdma", "rdma.")));
  // Last: where both say something, v2's own words hold.
  TRY(unified_limits(resources.unified, host, out));
  return out;
}

}  // namespace plan
