// The container's cgroup: made as planned, joined, looked into, removed.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/cgroup.h"

namespace apply {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// A group in one hierarchy, as the record keeps it.
struct CgroupPath {
  std::string mount{};  // "/sys/fs/cgroup/memory"
  bool v2 = false;
  std::vector<std::string> controllers{};
  std::string path{};  // "/a/b", below the mount
  unsigned made = 0;   // how many of its last levels we made, and may remove
  std::string full() const { return mount + path; }
  friend bool operator==(const CgroupPath&, const CgroupPath&) = default;
};

// The same group in every hierarchy; empty where there are no cgroups.
struct CgroupPaths {
  std::vector<CgroupPath> groups{};
  // The row of the hierarchy with this v1 controller, or nullptr.
  const CgroupPath* with_v1(std::string_view controller) const;
  const CgroupPath* unified() const;
  friend bool operator==(const CgroupPaths&, const CgroupPaths&) = default;
};

// Removes what it made, unless kept.
class MadeCgroup {
 public:
  MadeCgroup() = default;
  MadeCgroup(MadeCgroup&& o) noexcept;
  MadeCgroup& operator=(MadeCgroup&& o) noexcept;
  ~MadeCgroup();

  const CgroupPaths& paths() const { return paths_; }
  // The group of the v2 hierarchy for clone3 (CLONE_INTO_CGROUP, Linux 5.7), also where v1
  // hierarchies are; nothing if there is none.
  std::optional<FdRef> unified() const;
  // Whether that one was made now, rather than found.
  bool new_unified() const;
  // For the new process itself, first of all and while it has one thread: enters the groups of the
  // v1 hierarchies. Linux 5.4: only who moves himself, by "0" in `tasks`, needs no global lock.
  Status enter_v1() const;
  void keep() { kept_ = true; }

 private:
  friend Result<MadeCgroup> make_cgroup(const plan::CgroupPlan& plan);
  CgroupPaths paths_{};
  std::vector<Fd> directories_{};  // one for each row of paths_
  bool kept_ = false;
};

// Makes the directories, attaches the device filter, writes the limits. An empty group that is
// there already is used, one that holds processes or is frozen is refused (spec:
// config-linux.md#control-groups). Errors name the member of config.json where there is one.
Result<MadeCgroup> make_cgroup(const plan::CgroupPlan& plan);

// The paths that make_cgroup is about to give: for a record that is written first, so that whatever
// a killed `create` made can be removed.
CgroupPaths foresee_cgroup(const plan::CgroupPlan& plan);

// Writes limits to groups that exist.
Status write_limits(const CgroupPaths& paths, const std::vector<plan::CgroupWrite>& writes);

// Entering the groups of a record, in two halves as with MadeCgroup: the v2 group for clone3 (no
// descriptor if there is none), and what the new process does itself.
Result<Fd> open_unified(const CgroupPaths& paths);
Status enter_v1(const CgroupPaths& paths);

// Puts a process, which waits, into those of the groups that it is not in.
Status move_into(const CgroupPaths& paths, pid_t pid, const plan::CgroupHost& host);

// Where a new process belongs of which init may have moved on: its container's own groups; the
// present ones, when init is in a group inside, which may leave its own without room for processes,
// or when its own is gone. Of a threaded group, which takes no process from outside, the one above.
Result<CgroupPaths> joinable(const CgroupPaths& own, const CgroupPaths& present);

// The error of a call that was to bring a process into this v2 group, with the reason in front if
// the group's own files tell one.
base::Error explain_join(base::Error error, FdRef group);

// Removes the groups that we made, with groups made inside, then those parents that we made and
// that are empty. Waits a bounded time for processes that are still ending. Absent is fine.
Status remove_cgroup(const CgroupPaths& paths);

// The ids of all processes in the group and in groups inside, as our pid namespace sees them.
Result<std::vector<int>> processes(const CgroupPaths& paths);

// Whether the kernel has killed something in the group for want of memory.
Result<bool> oom_killed(const CgroupPaths& paths);

// The groups that a process is in at present (`made` is 0), among the hierarchies of the host.
Result<CgroupPaths> paths_of(pid_t pid, const plan::CgroupHost& host);

}  // namespace apply
