// The container's cgroup while it is made: by ourselves before the clone, or by systemd after it,
// since a scope begins with a process in it.
#pragma once
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/cgroup.h"
#include "base/result.h"
#include "container/record.h"
#include "plan/host.h"
#include "systemd/units.h"

namespace container {

using systemd::BusEnvironment;

class Group {
 public:
  // With `by_systemd` asks systemd what planning has to know, for `host`. Nothing is made yet.
  static base::Result<Group> open(bool by_systemd, const BusEnvironment& environment,
                                  plan::Host& host);

  // What will be made, into the record that is written first.
  void foresee(const plan::CgroupPlan& plan, Saved& saved) const;
  // Before the clone; nothing where systemd makes it. Into the record goes what was made.
  base::Status make(const plan::CgroupPlan& plan, Saved& saved);
  // For the new process: the group that it is cloned into, and what it enters itself. Nothing where
  // systemd makes it.
  const apply::MadeCgroup& made() const { return made_; }
  // For the new process, which must not hold the connection.
  void close_in_child() const;
  // After the clone: where systemd makes it, it does so now, with this process inside, which waits.
  // The record is saved then.
  base::Status take_in(const plan::CgroupPlan& plan, pid_t pid, const plan::CgroupHost& host,
                       Record& record);

  const apply::CgroupPaths& paths() const { return made_.paths(); }
  // Unless kept, the destructor undoes it all: whatever is inside has to end before.
  void keep();

 private:
  Group() = default;
  // In this order: the last goes first.
  std::unique_ptr<systemd::Units> units_{};
  std::vector<systemd::Address> addresses_{};
  std::optional<systemd::StartedUnit> unit_{};
  apply::MadeCgroup made_{};
};

// For a container that is there, whose group is a unit's; each does nothing if it is none.
// Unless systemd can be asked, what is empty is removed all the same, and a warning says so.
base::Status remove_group(const Saved& saved, std::vector<std::string>& warnings);
base::Status change_unit(const Saved& saved, const std::vector<plan::CgroupWrite>& writes);
// Whether processes of ours have to be put into the group by systemd.
bool attached_by_systemd(const Saved& saved, const plan::Host& host);
base::Status attach(const Saved& saved, const apply::CgroupPaths& group, pid_t pid);

}  // namespace container
