#include "plan/cgroup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "base/text.h"

namespace plan {
namespace {

// The path's parts; "." and empty ones say nothing, ".." is refused.
Result<std::vector<std::string>> parts_of(const std::string& path) {
  std::vector<std::string> out;
  for (auto part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." || part.find('\n') != part.npos || part.find('\0') != part.npos)
      return base::config_error(
          "linux.cgroupsPath: must not contain \"..\" or control characters, ", "got ",
          base::quote(path));
    out.emplace_back(part);
  }
  return out;
}

Result<std::vector<std::string>> wanted_parts(const std::string& path, const Request& request) {
  if (path.empty()) return std::vector<std::string>{request.id};
  if (path[0] != '/' && std::count(path.begin(), path.end(), ':') == 2 &&
      path.find('/') == path.npos)
    return base::config_error("linux.cgroupsPath: ", base::quote(path),
                              " is meant for systemd (slice:prefix:name); without ",
                              "--systemd-cgroup give a path");
  auto out = TRY(parts_of(path));
  if (out.empty())
    return base::config_error("linux.cgroupsPath: must name a group below the root, got ",
                              base::quote(path));
  return out;
}

// Where relative paths begin. compat: as in runc, below our own group on v1, beside it on v2, where
// a group with processes of its own cannot have limited children. Where only our own is delegated
// to us, below that after all: without limits it will do.
std::string base_of(const CgroupHierarchy& hierarchy) {
  auto own = hierarchy.own == "/" ? std::string() : hierarchy.own;
  if (!hierarchy.v2 || hierarchy.own_alone) return own;
  return own.substr(0, std::min(own.rfind('/'), own.size()));
}

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Where the container's group is, in every hierarchy the same.
struct Place {
  std::string below{};              // without a slash in front
  bool absolute = false;            // from the mount on, not from where relative paths begin
  std::optional<UnitPlace> unit{};  // of systemd
};

Result<Place> place_of(const std::string& path, const Host& host, const Request& request) {
  Place out;
  if (!request.systemd_cgroup) {
    out.below = base::join(TRY(wanted_parts(path, request)), "/");
    out.absolute = path.starts_with('/');
    return out;
  }
  if (!host.systemd)
    return base::unsupported("--systemd-cgroup: there is no systemd to be asked for a cgroup");
  out.unit = TRY(unit_place(path, *host.systemd, request));
  out.below = out.unit->path.substr(1);
  out.absolute = true;
  return out;
}

// man: systemd.resource-control(5): what it does not enable itself below its own groups.
bool is_unknown_to_systemd(const std::string& controller) {
  constexpr std::array<std::string_view, 7> kKnown{"cpu",   "cpuacct", "cpuset", "io",
                                                   "blkio", "memory",  "pids"};
  return std::find(kKnown.begin(), kKnown.end(), controller) == kKnown.end();
}

// All of them, so that usage is counted; beside v1 only what a limit needs, and below systemd's
// groups that and what it has no word for.
std::vector<std::string> to_enable(const CgroupHierarchy& hierarchy, const Place& place,
                                   CgroupMode mode, const std::vector<std::string>& required) {
  auto out = required;
  if (mode != CgroupMode::Unified) return out;
  if (!place.unit) return hierarchy.controllers;
  for (const auto& controller : hierarchy.controllers)
    if (is_unknown_to_systemd(controller) && !has(out, controller)) out.push_back(controller);
  return out;
}

CgroupDirectory directory(const CgroupHierarchy& hierarchy, const Place& place, CgroupMode mode,
                          const std::vector<CgroupWrite>& writes) {
  CgroupDirectory out;
  out.mount = hierarchy.mount;
  out.v2 = hierarchy.v2;
  out.controllers = hierarchy.controllers;
  out.path = base::cat(place.absolute ? "" : base_of(hierarchy), "/", place.below);
  out.by_systemd = place.unit.has_value();
  if (!hierarchy.v2) {
    // Linux: admin-guide/cgroup-v1/cpusets: nothing can join a group without cpus and mems.
    if (has(hierarchy.controllers, "cpuset")) out.copy_down = {"cpuset.cpus", "cpuset.mems"};
    return out;
  }
  for (const auto& write : writes)
    if (write.mount == out.mount && !write.controller.empty() &&
        !has(out.required, write.controller))
      out.required.push_back(write.controller);
  out.enable = to_enable(hierarchy, place, mode, out.required);
  return out;
}

// Device rules, on v1 before anything else is written, or as a program.
Status devices(const DeviceRules& rules, bool configured, const Host& host, CgroupPlan& out) {
  bool weak = !host.privileged();
  if (auto v1 = host.cgroup.with("devices"); v1 && !v1->v2) {
    auto lines = TRY(device_lines(rules));
    for (auto& line : lines) {
      CgroupWrite write;
      write.mount = v1->mount;
      write.controller = "devices";
      write.file = line.allow ? "devices.allow" : "devices.deny";
      write.text = std::move(line.text);
      write.what = "linux.resources.devices";
      // compat: in a user namespace the rules of the one who made it hold (runc, crun). Our own
      // group may be refused what every container is usually given.
      if (weak)
        write.tolerate = {EPERM, EACCES};
      else if (line.built_in)
        write.tolerate = {EPERM};
      out.writes.push_back(std::move(write));
    }
    return {};
  }
  if (auto v2 = host.cgroup.unified()) {
    out.device_program = device_program(rules);
    if (!out.device_program.empty()) out.device_mount = v2->mount;
    out.device_program_optional = weak;
    return {};
  }
  if (configured && !weak)
    return base::unsupported("linux.resources.devices: needs the cgroup controller devices, ",
                             "which is not there");
  return {};
}

// compat: crun, for podman's --cgroups=disabled. Device rules need a group too; every caller sends
// some, so that they are let go.
Result<CgroupPlan> no_cgroup(const spec::Linux& linux_config) {
  auto resources = linux_config.resources.value_or(spec::Resources());
  resources.devices.clear();
  if (resources != spec::Resources())
    return base::unsupported(
        "linux.resources: a container without a group of its own (--cgroup-manager disabled) ",
        "cannot be limited");
  return CgroupPlan();
}

}  // namespace

Result<CgroupPlan> cgroup(const spec::Linux& linux_config, const Host& host, const Request& request,
                          const Annotations& annotations) {
  if (request.no_cgroup) return no_cgroup(linux_config);
  auto place = TRY(place_of(linux_config.cgroups_path, host, request));

  CgroupPlan out;
  out.rootless = !host.privileged();
  out.best_effort = out.rootless && linux_config.cgroups_path.empty() && !place.unit;
  const spec::Resources none;
  const auto& resources = linux_config.resources ? *linux_config.resources : none;
  auto rules = TRY(device_rules(resources.devices));
  TRY(devices(rules, !resources.devices.empty(), host, out));
  auto limits = TRY(cgroup_limits(resources, host.cgroup));
  std::move(limits.begin(), limits.end(), std::back_inserter(out.writes));
  for (const auto& hierarchy : host.cgroup.hierarchies)
    out.directories.push_back(directory(hierarchy, place, host.cgroup.mode, out.writes));
  if (place.unit)
    out.unit = TRY(unit(*place.unit, *host.systemd, out.writes, annotations, request));
  return out;
}

}  // namespace plan
