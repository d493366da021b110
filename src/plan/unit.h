// The container as a unit of systemd: its name and slice, and its limits in systemd's words.
// man: systemd.scope(5), systemd.resource-control(5), org.freedesktop.systemd1(5)
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/bus_value.h"

namespace plan {

struct CgroupWrite;
struct Request;

struct UnitProperty {
  std::string name{};  // "MemoryMax"
  BusValue value{};
  friend bool operator==(const UnitProperty&, const UnitProperty&) = default;
};

// What of systemd planning depends on; read from it before planning.
struct SystemdHost {
  bool user = false;            // the user's manager, not the system's
  unsigned version = 0;         // 252
  std::string control_group{};  // of the manager: "" or "/user.slice/…/user@1000.service"
  friend bool operator==(const SystemdHost&, const SystemdHost&) = default;
};

struct UnitPlan {
  std::string name{};  // "coracle-c1.scope"
  bool user = false;
  // A scope begins with init in it. A slice holds no processes of its own: init joins its group.
  bool scope = true;
  std::vector<UnitProperty> properties{};
  friend bool operator==(const UnitPlan&, const UnitPlan&) = default;
};

// Where the unit's group is, and what it is called.
struct UnitPlace {
  std::string slice{};
  std::string name{};
  std::string path{};  // of its group: "/system.slice/coracle-c1.scope"
  friend bool operator==(const UnitPlace&, const UnitPlace&) = default;
};

// Of linux.cgroupsPath, which is "slice:prefix:name"; each part may be empty, as may be all.
// compat: runc: "prefix-name.scope" below system.slice (user.slice of a user's manager), a name
// that ends in ".slice" is the unit itself. Errors: what is not of that form, a slice that cannot
// be.
Result<UnitPlace> unit_place(const std::string& cgroups_path, const SystemdHost& host,
                             const Request& request);

// The unit of a new container: what all have, the limits, then what annotations add.
Result<UnitPlan> unit(const UnitPlace& place, const SystemdHost& host,
                      std::span<const CgroupWrite> writes,
                      const std::vector<std::pair<std::string, std::string>>& annotations,
                      const Request& request);

// What the writes say, for systemd, which would else undo them the next time that it looks after
// the unit. Files that are not systemd's, and properties newer than it is, are left out: they are
// written in any case. An error where it would let devices be used that are not to be (v1).
Result<std::vector<UnitProperty>> unit_limits(std::span<const CgroupWrite> writes,
                                              unsigned version);

// Of "org.systemd.property.NAME": "TEXT", in the text format of GVariant; "…Sec" in seconds becomes
// "…USec". compat: runc. Errors name the annotation.
inline constexpr std::string_view kPropertyAnnotation = "org.systemd.property.";
Result<UnitProperty> annotated_property(std::string_view name, std::string_view text);

}  // namespace plan
