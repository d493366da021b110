// Moving processes into cgroups.
#include <fcntl.h>

#include <cerrno>

#include "apply/cgroup.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

Status move_into(FdRef dir, pid_t pid) {
  auto done = fs::write_control(dir, "cgroup.procs", base::cat(pid));
  // Linux: a task that is still being made, or a group in the middle of a change, answers EINVAL
  // for a moment. compat: runc tries five times, 30 ms apart.
  for (int attempt = 0; attempt < 5 && !done && done.error().code() == EINVAL; ++attempt) {
    (void)sys::poll({}, 10 << attempt);
    done = fs::write_control(dir, "cgroup.procs", base::cat(pid));
  }
  return done;
}

// man: cgroups(7): 0 stands for the writer.
Status enter(FdRef dir) { return fs::write_control(dir, "tasks", "0"); }

}  // namespace

Status MadeCgroup::join(pid_t pid) const {
  for (std::size_t i = 0; i < directories_.size(); ++i)
    TRY(move_into(directories_[i], pid), "join cgroup ", paths_.groups[i].full());
  return {};
}

Status join(const CgroupPaths& paths, pid_t pid) {
  for (const auto& group : paths.groups) {
    auto dir = TRY(sys::openat(FdRef::cwd(), group.full(), O_PATH | O_DIRECTORY), "join cgroup");
    TRY(move_into(dir, pid), "join cgroup ", group.full());
  }
  return {};
}

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
