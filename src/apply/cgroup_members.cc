// Who is in a cgroup, and which cgroups a process is in.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "apply/cgroup.h"
#include "apply/cgroup_errors.h"
#include "apply/cgroup_walk.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

// A group that vanishes meanwhile has none.
Status add_members(FdRef group, std::vector<int>& out) {
  auto text = fs::read_file(group, "cgroup.procs");
  // A threaded group lists its processes at the root of its threads.
  if (!text && (is_gone(text.error()) || text.error().code() == EOPNOTSUPP)) return {};
  if (!text) return std::move(text).error();
  for (auto word : base::words(text.value()))
    // 0: a process that our pid namespace does not see.
    if (auto pid = base::parse<int>(word); pid && *pid > 0) out.push_back(*pid);
  return {};
}

// "oom_kill 3" among the lines of a control file.
std::uint64_t count_in(std::string_view text, std::string_view key) {
  for (auto line : base::split(text, '\n')) {
    auto parts = base::words(line);
    if (parts.size() == 2 && parts[0] == key)
      return base::parse<std::uint64_t>(parts[1]).value_or(0);
  }
  return 0;
}

}  // namespace

Result<std::vector<int>> processes(const CgroupPaths& paths) {
  std::vector<int> out;
  if (paths.groups.empty()) return out;
  // Every hierarchy holds the same processes; the freezer's list is the one that kill_all needs.
  auto group = paths.with_v1("freezer");
  if (!group) group = paths.unified();
  if (!group) group = &paths.groups.front();
  auto dir = sys::openat(FdRef::cwd(), group->full(), O_RDONLY | O_DIRECTORY);
  if (!dir) {
    if (is_gone(dir.error())) return out;
    return std::move(dir).error();
  }
  GroupVisit visit;
  visit.enter = [&](FdRef inside) { return add_members(inside, out); };
  TRY(walk_groups(std::move(dir).value(), visit), "list the processes of cgroup ", group->full());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<bool> oom_killed(const CgroupPaths& paths) {
  auto v1 = paths.with_v1("memory");
  auto group = v1 ? v1 : paths.unified();
  if (!group) return false;
  auto file = base::cat(group->full(), v1 ? "/memory.oom_control" : "/memory.events");
  auto text = fs::read_file(FdRef::cwd(), file);
  if (!text) {
    if (is_gone(text.error())) return false;
    return std::move(text).error();
  }
  return count_in(text.value(), "oom_kill") > 0;
}

Result<CgroupPaths> paths_of(pid_t pid, const plan::CgroupHost& host) {
  auto text = TRY(fs::read_file(FdRef::cwd(), base::cat("/proc/", pid, "/cgroup")));
  CgroupPaths out;
  for (const auto& row : plan::parse_memberships(text)) {
    for (const auto& hierarchy : host.hierarchies) {
      bool same = hierarchy.v2 ? row.controllers.empty() : hierarchy.controllers == row.controllers;
      if (!same) continue;
      CgroupPath group;
      group.mount = hierarchy.mount;
      group.v2 = hierarchy.v2;
      group.controllers = hierarchy.controllers;
      group.path = plan::below_root(row.path, hierarchy.root);
      out.groups.push_back(std::move(group));
    }
  }
  return out;
}

}  // namespace apply
