// The container's cgroup: its place in every hierarchy, the controllers to enable, the limits as a
// list of writes, the device rules.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/devices.h"
#include "plan/host.h"
#include "plan/unit.h"
#include "spec/linux.h"

namespace plan {

using base::Result;
using base::Status;

// One text for one control file of the container's group.
struct CgroupWrite {
  std::string mount{};       // the hierarchy
  std::string controller{};  // empty: a file that every group has
  std::string file{};        // "memory.max"
  std::string text{};
  std::string what{};           // "linux.resources.memory.limit", for messages
  std::vector<int> tolerate{};  // errno values that do not matter
  // Neighbours with this mark are checked by the kernel against each other's present values: they
  // are written in whichever order it takes (EINVAL: try again after the others).
  bool any_order = false;
  // What to write instead where the kernel does not have `file`.
  std::string otherwise_file{};
  std::string otherwise_text{};
  // The file that tells the usage which the limit is up against, for the message of EBUSY; with
  // check_usage a limit (a number) below the usage is refused beforehand.
  std::string usage_file{};
  bool check_usage = false;
  friend bool operator==(const CgroupWrite&, const CgroupWrite&) = default;
};

// The container's group in one hierarchy.
struct CgroupDirectory {
  std::string mount{};
  bool v2 = false;
  std::vector<std::string> controllers{};  // of the hierarchy
  std::string path{};                      // "/a/b": absolute, clean, below the mount
  // v1: files that a level which we make gets from its parent, or nothing could join it.
  std::vector<std::string> copy_down{};
  // v2: controllers to enable in every level above; of `required` none may fail.
  std::vector<std::string> enable{};
  std::vector<std::string> required{};
  // systemd has made the group, and put init into it.
  bool by_systemd = false;
  friend bool operator==(const CgroupDirectory&, const CgroupDirectory&) = default;
};

// Done by the runtime before the clone.
struct CgroupPlan {
  std::vector<CgroupDirectory> directories{};
  std::vector<CgroupWrite> writes{};  // in this order, before anything joins
  // v2: filters the use of devices, attached to the group at this mount; empty: nothing to attach.
  std::vector<BpfInstruction> device_program{};
  std::string device_mount{};
  // In a user namespace a filter cannot be attached, and need not be.
  bool device_program_optional = false;
  // A hierarchy in which we may not make a group is left out, as long as nothing is to be written
  // there. compat: runc does so for rootless containers without cgroupsPath.
  bool best_effort = false;
  bool rootless = false;  // for advice in messages
  // The unit of systemd whose group this is; it is started once init is there, and the writes
  // follow.
  std::optional<UnitPlan> unit{};
  // Whose the group becomes once the user namespace is set up, as the container counts; see
  // cgroup_owner.h.
  std::optional<std::uint32_t> owner{};
  friend bool operator==(const CgroupPlan&, const CgroupPlan&) = default;
};

// spec: config-linux.md#cgroups-path, config-linux.md#control-groups
// `annotations`: of the configuration, for the unit of systemd.
// Errors: a path that cannot be, a limit whose controller is absent or that cannot be converted.
using Annotations = std::vector<std::pair<std::string, std::string>>;
Result<CgroupPlan> cgroup(const spec::Linux& linux_config, const Host& host, const Request& request,
                          const Annotations& annotations = {});

// The writes of everything in `resources` but the device rules; also what `update` writes.
Result<std::vector<CgroupWrite>> cgroup_limits(const spec::Resources& resources,
                                               const CgroupHost& host);

}  // namespace plan
