// systemd's manager, of the system or of a user: units started, changed, stopped.
// man: org.freedesktop.systemd1(5)
#pragma once
#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plan/unit.h"
#include "systemd/bus.h"

namespace systemd {

// compat: runc waits as long for a job.
inline constexpr int kPatience = 30'000;  // milliseconds, for each answer

// Of the environment: DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR.
struct BusEnvironment {
  std::string system_bus{};
  std::string session_bus{};
  std::string runtime_dir{};
};

// Where the manager is to be found: its own socket first, as systemctl(1) does, which works without
// a message bus and keeps load off it; then the bus.
std::vector<Address> addresses(const BusEnvironment& environment, bool user);

class Units {
 public:
  // `user`: a user's manager, for messages.
  static Result<Units> connect(const std::vector<Address>& addresses, bool user,
                               int milliseconds = kPatience);

  Result<plan::SystemdHost> facts();
  // Until the unit runs, with this process in it if it is a scope. A unit of that name that failed
  // makes room; one that runs is Kind::Exists.
  Status start(const plan::UnitPlan& unit, pid_t init);
  // Until it has stopped; fine if there is none. Whatever is in it should have ended before: those
  // who are asked to end may take long.
  Status stop(const std::string& unit);
  // Until the next start of the machine, as all transient units are.
  Status set(const std::string& unit, const std::vector<plan::UnitProperty>& properties);
  // man: org.freedesktop.systemd1(5), AttachProcessesToUnit(), since 238: for who may not move
  // processes himself. `group`: inside the unit's, "" or "/a/b".
  Status attach(const std::string& unit, const std::string& group, pid_t pid);

  void close_in_child() const { bus_.close_in_child(); }

 private:
  Units(Bus bus, bool user) : bus_(std::move(bus)), user_(user) {}
  Status await_job(const std::vector<BusValue>& answer, bool must_be_done);
  Bus bus_;
  bool user_;
};

// A unit that is stopped again unless kept; `units` has to outlive it.
class StartedUnit {
 public:
  StartedUnit(Units& units, std::string name) : units_(&units), name_(std::move(name)) {}
  StartedUnit(StartedUnit&& o) noexcept
      : units_(std::exchange(o.units_, nullptr)), name_(std::move(o.name_)) {}
  StartedUnit& operator=(StartedUnit&& o) noexcept {
    std::swap(units_, o.units_);
    std::swap(name_, o.name_);
    return *this;
  }
  ~StartedUnit() {
    if (units_) (void)units_->stop(name_);
  }
  void keep() { units_ = nullptr; }

 private:
  Units* units_;
  std::string name_;
};

}  // namespace systemd
