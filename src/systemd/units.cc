#include "systemd/units.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"

namespace systemd {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

Call manager_call(std::string member, std::vector<BusValue> arguments = {}) {
  return {kService, kPath, kManager, std::move(member), std::move(arguments)};
}

Call get_property(std::string name) {
  return {kService,
          kPath,
          "org.freedesktop.DBus.Properties",
          "Get",
          {BusValue::text(kManager), BusValue::text(std::move(name))}};
}

BusValue list_of(const std::vector<plan::UnitProperty>& properties) {
  std::vector<BusValue> out;
  out.reserve(properties.size());
  for (const auto& property : properties)
    out.push_back(
        BusValue::tuple({BusValue::text(property.name), {"v", std::vector{property.value}}}));
  return BusValue::array("(sv)", std::move(out));
}

BusValue pids_of(pid_t pid) {
  return BusValue::array("u", {{"u", static_cast<std::uint64_t>(pid)}});
}

std::string text_of(const std::vector<BusValue>& values, std::size_t index) {
  if (index >= values.size()) return {};
  auto text = std::get_if<std::string>(&values[index].value);
  return text ? *text : std::string();
}

// "252.39-1~deb12u1", "v255": the number at the beginning.
unsigned version_number(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  return base::parse<unsigned>(text.substr(0, static_cast<std::size_t>(end - text.begin())))
      .value_or(0);
}

}  // namespace

std::vector<Address> addresses(const BusEnvironment& environment, bool user) {
  std::vector<Address> out;
  if (!user) {
    out.push_back({"unix:path=/run/systemd/private", true});
    auto bus = environment.system_bus;
    if (bus.empty()) bus = "unix:path=/run/dbus/system_bus_socket";
    out.push_back({bus, false});
    return out;
  }
  const auto& folder = environment.runtime_dir;
  if (!folder.empty()) out.push_back({base::cat("unix:path=", folder, "/systemd/private"), true});
  if (!environment.session_bus.empty())
    out.push_back({environment.session_bus, false});
  else if (!folder.empty())
    out.push_back({base::cat("unix:path=", folder, "/bus"), false});
  return out;
}

Result<Units> Units::connect(const std::vector<Address>& addresses, bool user, int milliseconds) {
  if (addresses.empty())
    return base::unsupported(
        "--systemd-cgroup: the user's systemd cannot be found: neither XDG_RUNTIME_DIR nor "
        "DBUS_SESSION_BUS_ADDRESS is set");
  auto bus = TRY(Bus::connect(addresses, milliseconds), "--systemd-cgroup: connect to ",
                 user ? "the user's" : "the system's", " systemd");
  Units out(std::move(bus), user);
  TRY(out.bus_.listen({kService, kPath, kManager, "JobRemoved", {}}), "systemd");
  return out;
}

Result<plan::SystemdHost> Units::facts() {
  auto answers =
      TRY(bus_.call_all({get_property("Version"), get_property("ControlGroup")}), "systemd");
  plan::SystemdHost out;
  out.user = user_;
  out.version = version_number(text_of(answers[0], 0));
  out.control_group = text_of(answers[1], 0);
  if (out.control_group == "/") out.control_group.clear();
  // systemd itself runs in a scope of its own, beside which its slices are.
  constexpr std::string_view kItself = "/init.scope";
  if (out.control_group.ends_with(kItself))
    out.control_group.resize(out.control_group.size() - kItself.size());
  return out;
}

Status Units::await_job(const std::vector<BusValue>& answer, bool must_be_done) {
  auto job = text_of(answer, 0);
  std::string result;
  TRY(bus_.await_signal([&](const std::vector<BusValue>& signal) {
    if (text_of(signal, 1) != job) return false;  // id, job, unit, result
    result = text_of(signal, 3);
    return true;
  }));
  if (must_be_done && result != "done") return base::system_error("its job ended as ", result);
  return {};
}

Status Units::start(const plan::UnitPlan& unit, pid_t init) {
  auto properties = unit.properties;
  if (unit.scope) properties.push_back({"PIDs", pids_of(init)});
  auto call =
      manager_call("StartTransientUnit", {BusValue::text(unit.name), BusValue::text("replace"),
                                          list_of(properties), BusValue::array("(sa(sv))", {})});
  auto answer = bus_.call(call);
  if (!answer && answer.error().code() == EEXIST) {
    (void)bus_.call(manager_call("ResetFailedUnit", {BusValue::text(unit.name)}));
    answer = bus_.call(call);
  }
  if (!answer && answer.error().code() == EEXIST)
    return base::Error(base::Kind::Exists, EEXIST,
                       base::cat("systemd: unit ", unit.name, " is there already"));
  auto job = TRY(std::move(answer), "systemd: start ", unit.name);
  TRY(await_job(job, true), "systemd: start ", unit.name);
  return {};
}

Status Units::stop(const std::string& unit) {
  auto answer =
      bus_.call(manager_call("StopUnit", {BusValue::text(unit), BusValue::text("replace")}));
  if (!answer && answer.error().code() == ENOENT) return {};
  auto job = TRY(std::move(answer), "systemd: stop ", unit);
  TRY(await_job(job, false), "systemd: stop ", unit);
  // Only where systemd is too old to forget a failed unit by itself.
  (void)bus_.call(manager_call("ResetFailedUnit", {BusValue::text(unit)}));
  return {};
}

Status Units::set(const std::string& unit, const std::vector<plan::UnitProperty>& properties) {
  if (properties.empty()) return {};
  // systemd changes the group after it has answered, yet before it answers the next call: who
  // writes to the group then is not undone.
  TRY(bus_.call_all(
          {manager_call("SetUnitProperties",
                        {BusValue::text(unit), BusValue::boolean(true), list_of(properties)}),
           get_property("Version")}),
      "systemd: change ", unit);
  return {};
}

Status Units::attach(const std::string& unit, const std::string& group, pid_t pid) {
  TRY(bus_.call(manager_call("AttachProcessesToUnit",
                             {BusValue::text(unit), BusValue::text(group), pids_of(pid)})),
      "systemd: attach a process to ", unit);
  return {};
}

}  // namespace systemd
