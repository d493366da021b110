// Moving processes into cgroups.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "apply/cgroup.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

// man: cgroups(7): 0 stands for the writer.
Status enter(FdRef dir) { return fs::write_control(dir, "tasks", "0"); }

// What the control file says, or nothing.
std::string word_in(FdRef group, const char* file) {
  auto text = fs::read_file(group, file);
  return text ? std::string(base::trim(text.value())) : std::string();
}

bool takes_processes(const CgroupPath& group) {
  auto text = fs::read_file(FdRef::cwd(), group.full() + "/cgroup.type");
  auto type = text ? base::trim(text.value()) : std::string_view();
  return type != "threaded" && type != "domain invalid";
}

// Linux: admin-guide/cgroup-v2, "No Internal Process Constraint", "Threads", "PID"
std::string reason(int code, FdRef group) {
  auto passed_on = word_in(group, "cgroup.subtree_control");
  if (code == EBUSY && !passed_on.empty())
    return base::cat("it passes controllers on to groups inside it (", passed_on,
                     "), and can hold no process itself");
  if (code == EOPNOTSUPP)
    return base::cat("its type is \"", word_in(group, "cgroup.type"),
                     "\", so that it takes no whole process");
  auto limit = word_in(group, "pids.max");
  if (code == EAGAIN && !limit.empty() && limit != "max")
    return base::cat("it is at its limit of ", limit, " processes (pids.max)");
  if (code == EACCES)
    return "the way there leads through a group that is not delegated to this user";
  return {};
}

}  // namespace

Result<CgroupPaths> joinable(const CgroupPaths& own, const CgroupPaths& present) {
  auto from = own.unified();
  auto now = present.unified();
  if (!from || !now) return own;
  bool inside = now->path.starts_with(from->path + "/");
  bool gone = !inside && !sys::fstatat(FdRef::cwd(), from->full(), 0);
  if (!inside && !gone) return own;
  CgroupPaths out = present;
  for (auto& group : out.groups)
    while (group.v2 && group.path.size() > from->path.size() && !takes_processes(group))
      group.path.erase(group.path.rfind('/'));
  return out;
}

base::Error explain_join(base::Error error, FdRef group) {
  auto why = reason(error.code(), group);
  if (why.empty()) return error;
  auto path = fs::path_of(group);
  return std::move(error).in(base::cat("join cgroup ", path ? path.value() : "", ": ", why));
}

std::optional<FdRef> MadeCgroup::unified() const {
  for (std::size_t i = 0; i < directories_.size(); ++i)
    if (paths_.groups[i].v2) return FdRef(directories_[i]);
  return std::nullopt;
}

bool MadeCgroup::new_unified() const {
  auto group = paths_.unified();
  return group && group->made > 0;
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
