#include "apply/cgroup_owner.h"

#include <fcntl.h>

#include <cerrno>

#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

constexpr const char* kDelegate = "/sys/kernel/cgroup/delegate";
constexpr gid_t kKeep = static_cast<gid_t>(-1);

// spec: config-linux.md#cgroup-ownership: the files that may be given, where the kernel (Linux
// 4.15) does not tell.
constexpr std::string_view kUsualFiles = "cgroup.procs cgroup.subtree_control cgroup.threads";

Result<std::string> delegated_files() {
  auto text = fs::read_file(FdRef::cwd(), kDelegate);
  if (!text && text.error().code() == ENOENT) return std::string(kUsualFiles);
  return text;
}

// What the container calls `uid`, as we call it. man: user_namespaces(7)
std::optional<uid_t> outside(std::string_view map, std::uint32_t uid) {
  for (auto line : base::split(map, '\n')) {
    auto fields = base::words(line);
    if (fields.size() != 3) continue;
    auto first = base::parse<std::uint32_t>(fields[0]);
    auto there = base::parse<std::uint32_t>(fields[1]);
    auto size = base::parse<std::uint32_t>(fields[2]);
    if (first && there && size && uid >= *first && uid - *first < *size)
      return *there + (uid - *first);
  }
  return std::nullopt;
}

Status give(FdRef group, uid_t uid, std::string_view files) {
  TRY(sys::fchownat(group, "", uid, kKeep, AT_EMPTY_PATH));
  for (auto file : base::words(files)) {
    auto given = sys::fchownat(group, std::string(file), uid, kKeep, AT_SYMLINK_NOFOLLOW);
    // spec: not every group has every file
    if (!given && given.error().code() != ENOENT) return given;
  }
  return {};
}

}  // namespace

Status give_cgroup(const plan::CgroupPlan& plan, const CgroupPaths& paths, pid_t pid,
                   const fs::Proc& proc) {
  auto where = paths.unified();
  if (!plan.owner || !where) return {};
  auto map = TRY(proc.read(base::cat(pid, "/uid_map")));
  auto uid = outside(map, *plan.owner);
  // Without an id here it is no one: the process cannot become that user, and will say so.
  if (!uid) return {};
  auto files = TRY(delegated_files());
  auto group = TRY(sys::openat(FdRef::cwd(), where->full(), O_PATH | O_DIRECTORY));
  auto given = give(group, *uid, files);
  bool denied = !given && (given.error().code() == EPERM || given.error().code() == EACCES);
  if (!given && !(plan.rootless && denied))
    return std::move(given).error().in(base::cat("give cgroup ", where->full(), " to user ", *uid));
  return {};
}

}  // namespace apply
