// Moving processes into cgroups.
#include <fcntl.h>

#include <algorithm>

#include "apply/cgroup.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

// man: cgroups(7): 0 stands for the writer.
Status enter(FdRef dir) { return fs::write_control(dir, "tasks", "0"); }

}  // namespace

std::optional<FdRef> MadeCgroup::unified() const {
  for (std::size_t i = 0; i < directories_.size(); ++i)
    if (paths_.groups[i].v2) return FdRef(directories_[i]);
  return std::nullopt;
}

Status MadeCgroup::enter_v1() const {
  for (std::size_t i = 0; i < directories_.size(); ++i)
    if (!paths_.groups[i].v2) TRY(enter(directories_[i]), "join cgroup ", paths_.groups[i].full());
  return {};
}

Status move_into(const CgroupPaths& paths, pid_t pid, const plan::CgroupHost& host) {
  auto present = TRY(paths_of(pid, host));
  for (const auto& group : paths.groups) {
    auto same = [&](const CgroupPath& other) {
      return other.mount == group.mount && other.path == group.path;
    };
    if (std::any_of(present.groups.begin(), present.groups.end(), same)) continue;
    auto dir = TRY(sys::openat(FdRef::cwd(), group.full(), O_PATH | O_DIRECTORY), "join cgroup");
    TRY(fs::write_control(dir, "cgroup.procs", base::cat(pid)), "join cgroup ", group.full());
  }
  return {};
}

Result<Fd> open_unified(const CgroupPaths& paths) {
  auto group = paths.unified();
  if (!group) return Fd();
  return TRY(sys::openat(FdRef::cwd(), group->full(), O_PATH | O_DIRECTORY), "join cgroup");
}

Status enter_v1(const CgroupPaths& paths) {
  for (const auto& group : paths.groups) {
    if (group.v2) continue;
    auto dir = TRY(sys::openat(FdRef::cwd(), group.full(), O_PATH | O_DIRECTORY), "join cgroup");
    TRY(enter(dir), "join cgroup ", group.full());
  }
  return {};
}

}  // namespace apply
