// The container's group in the resctrl file system: made as planned, joined, changed, removed.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/resctrl.h"

namespace apply {

// What the record keeps.
struct ResctrlGroup {
  std::string mount{};
  std::string group{};    // empty: the root
  bool made = false;      // we made it, and remove it with the container
  std::string monitor{};  // in mon_groups, made by us; empty: none
  friend bool operator==(const ResctrlGroup&, const ResctrlGroup&) = default;
};

// Where the file system is mounted; empty where it is not.
base::Result<std::string> resctrl_mount();

// Removes what it made, unless kept.
class MadeResctrl {
 public:
  MadeResctrl() = default;
  MadeResctrl(MadeResctrl&& o) noexcept;
  MadeResctrl& operator=(MadeResctrl&&) = delete;
  ~MadeResctrl();
  const ResctrlGroup& group() const { return group_; }
  void keep() { undo_ = {}; }

 private:
  friend base::Result<MadeResctrl> make_resctrl(const std::optional<plan::ResctrlPlan>& plan);
  ResctrlGroup group_{};
  ResctrlGroup undo_{};
};

// Makes the group and the one for monitoring, if there is a plan, and writes the schemata; a group
// that is there is compared and left as it is. Errors hold the reason that the kernel gives in
// info/last_cmd_status. spec: config-linux.md#intelrdt
base::Result<MadeResctrl> make_resctrl(const std::optional<plan::ResctrlPlan>& plan);

// What make_resctrl is about to make: for a record that is written first.
ResctrlGroup foresee_resctrl(const plan::ResctrlPlan& plan);

// Moves a process into the group, if there is one, and so all that it will start.
base::Status join(const std::optional<ResctrlGroup>& group, pid_t pid);

// Writes these texts, one after the other, to the group's `schemata` file (also for `update`).
base::Status write_schemata(const ResctrlGroup& group, const std::vector<std::string>& texts);

// Absent is fine. Its processes go to the group above.
base::Status remove_resctrl(const ResctrlGroup& group);

}  // namespace apply
