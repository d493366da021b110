#include "container/group.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace container {
namespace {

using base::Result;
using base::Status;

// The user's own systemd where we are not the machine's root; who is root of a namespace without a
// session has a systemd of that namespace, or none.
bool of_user(const plan::Host& host, const BusEnvironment& environment) {
  if (host.privileged()) return false;
  bool session = !environment.session_bus.empty() || !environment.runtime_dir.empty();
  return session || host.uid != 0;
}

Result<systemd::Units> connect(const SavedUnit& unit) {
  return systemd::Units::connect(unit.addresses, unit.user);
}

// The group that systemd put the process into, or an error if that is not the planned one.
Status check_place(const plan::CgroupPlan& plan, pid_t pid, const plan::CgroupHost& host) {
  auto present = TRY(apply::paths_of(pid, host));
  for (const auto& group : present.groups) {
    bool of_systemd = group.v2 || std::find(group.controllers.begin(), group.controllers.end(),
                                            "name=systemd") != group.controllers.end();
    if (!of_systemd) continue;
    for (const auto& wanted : plan.directories)
      if (wanted.mount == group.mount && wanted.path != group.path)
        return base::system_error("systemd: put ", plan.unit->name, " into ", group.path,
                                  ", and not into ", wanted.path);
  }
  return {};
}

}  // namespace

Result<Group> Group::open(bool by_systemd, const BusEnvironment& environment, plan::Host& host) {
  Group out;
  if (!by_systemd) return out;
  bool user = of_user(host, environment);
  out.addresses_ = systemd::addresses(environment, user);
  auto units = TRY(systemd::Units::connect(out.addresses_, user));
  out.units_ = std::make_unique<systemd::Units>(std::move(units));
  host.systemd = TRY(out.units_->facts());
  return out;
}

void Group::foresee(const plan::CgroupPlan& plan, Saved& saved) const {
  saved.cgroup = apply::foresee_cgroup(plan);
  if (!plan.unit) return;
  SavedUnit unit;
  unit.name = plan.unit->name;
  unit.user = plan.unit->user;
  unit.addresses = addresses_;
  saved.unit = std::move(unit);
}

Status Group::make(const plan::CgroupPlan& plan, Saved& saved) {
  if (plan.unit) return {};
  made_ = TRY(apply::make_cgroup(plan));
  saved.cgroup = made_.paths();
  return {};
}

void Group::close_in_child() const {
  if (units_) units_->close_in_child();
}

Status Group::take_in(const plan::CgroupPlan& plan, pid_t pid, const plan::CgroupHost& host,
                      Record& record) {
  if (!plan.unit) return {};
  TRY(units_->start(*plan.unit, pid));
  unit_.emplace(*units_, plan.unit->name);
  if (plan.unit->scope) TRY(check_place(plan, pid, host));
  made_ = TRY(apply::make_cgroup(plan));
  // What systemd has no hand in.
  TRY(apply::move_into(made_.paths(), pid, host));
  record.saved.cgroup = made_.paths();
  return record.save();
}

void Group::keep() {
  made_.keep();
  if (unit_) unit_->keep();
}

Status remove_group(const Saved& saved, std::vector<std::string>& warnings) {
  if (!saved.unit) return apply::remove_cgroup(saved.cgroup);
  auto units = connect(*saved.unit);
  auto stopped = units ? units.value().stop(saved.unit->name) : Status(std::move(units).error());
  auto groups = saved.cgroup;
  if (!stopped) {
    warnings.push_back(stopped.error().text());
    // What systemd cannot be asked for goes without it, which it notices.
    for (auto& group : groups.groups) group.made = std::max(group.made, 1U);
  }
  return apply::remove_cgroup(groups);
}

Status change_unit(const Saved& saved, const std::vector<plan::CgroupWrite>& writes) {
  if (!saved.unit) return {};
  auto units = TRY(connect(*saved.unit));
  auto facts = TRY(units.facts());
  return units.set(saved.unit->name, TRY(plan::unit_limits(writes, facts.version)));
}

bool attached_by_systemd(const Saved& saved, const plan::Host& host) {
  return saved.unit && !host.privileged();
}

Status attach(const Saved& saved, const apply::CgroupPaths& group, pid_t pid) {
  auto units = TRY(connect(*saved.unit));
  auto unit = saved.cgroup.unified();
  auto wanted = group.unified();
  std::string inside;
  if (unit && wanted && wanted->path.starts_with(unit->path + "/"))
    inside = wanted->path.substr(unit->path.size());
  return units.attach(saved.unit->name, inside, pid);
}

}  // namespace container
