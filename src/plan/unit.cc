#include "plan/unit.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "plan/cgroup.h"

namespace plan {
namespace {

// man: systemd.unit(5): the longest name, its suffix included.
constexpr std::size_t kLongestUnit = 255;
constexpr std::string_view kSlice = ".slice";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
         c == '-' || c == '_' || c == '.' || c == '\\' || c == '@';
}

// man: systemd-escape(1): what a unit's name may not hold; ids of containers may, as "+".
std::string escaped(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (char c : name) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += base::cat("\\x", kDigits[byte / 16], kDigits[byte % 16]);
  }
  return out;
}

base::Error bad_path(std::string_view path, std::string_view why) {
  return base::config_error("linux.cgroupsPath: ", why, ", got ", base::quote(path));
}

// man: systemd.slice(5): the dashes of a slice's name are its place in the tree.
Result<std::string> slice_path(const std::string& slice, const std::string& path) {
  if (slice == "-.slice") return std::string();
  bool fits = slice.size() > kSlice.size() && slice.ends_with(kSlice) &&
              std::all_of(slice.begin(), slice.end(), is_plain);
  auto stem = std::string_view(slice).substr(0, fits ? slice.size() - kSlice.size() : 0);
  if (!fits || stem.starts_with('-') || stem.ends_with('-') ||
      stem.find("--") != std::string_view::npos)
    return bad_path(path, "its slice must be the name of one, such as a-b.slice");
  std::string out;
  for (auto dash = stem.find('-');; dash = stem.find('-', dash + 1)) {
    out += base::cat('/', stem.substr(0, dash), kSlice);
    if (dash == std::string_view::npos) return out;
  }
}

UnitProperty property(std::string name, BusValue value) {
  return {std::move(name), std::move(value)};
}

// What every container's unit has.
std::vector<UnitProperty> usual_properties(const UnitPlace& place, const SystemdHost& host,
                                           bool scope, const std::string& id) {
  std::vector<UnitProperty> out;
  out.push_back(property("Description", BusValue::text("Coracle container " + id)));
  if (scope) {
    out.push_back(property("Slice", BusValue::text(place.slice)));
    // The group below is the container's, not systemd's.
    out.push_back(property("Delegate", BusValue::boolean(true)));
    // When the machine stops, whoever manages containers ends them, not systemd before it. compat:
    // runc
    out.push_back(property("DefaultDependencies", BusValue::boolean(false)));
  } else {
    out.push_back(property("Wants", BusValue::array("s", {BusValue::text(place.slice)})));
  }
  // Of a unit that failed nothing is to stay, or its name could not be used again. Since 236.
  if (host.version >= 236)
    out.push_back(property("CollectMode", BusValue::text("inactive-or-failed")));
  // Controllers are enabled for what is counted.
  for (const char* name : {"CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting"})
    out.push_back(property(name, BusValue::boolean(true)));
  // Of cgroup v1, which left systemd with 258.
  if (host.version < 258) out.push_back(property("BlockIOAccounting", BusValue::boolean(true)));
  return out;
}

}  // namespace

Result<UnitPlace> unit_place(const std::string& cgroups_path, const SystemdHost& host,
                             const Request& request) {
  UnitPlace out;
  std::string_view prefix = "coracle";
  std::string_view name = request.id;
  if (!cgroups_path.empty()) {
    auto parts = base::split(cgroups_path, ':');
    if (parts.size() != 3 || cgroups_path.find('/') != std::string::npos)
      return bad_path(cgroups_path, "with --systemd-cgroup it must be slice:prefix:name");
    out.slice = parts[0];
    prefix = parts[1];
    name = parts[2];
  }
  if (out.slice.empty()) out.slice = host.user ? "user.slice" : "system.slice";
  if (name.empty()) return bad_path(cgroups_path, "the name after the last colon is missing");
  auto above = base::cat(host.control_group, TRY(slice_path(out.slice, cgroups_path)));
  if (name.ends_with(kSlice)) {
    out.name = name;
    out.path = base::cat(host.control_group, TRY(slice_path(out.name, cgroups_path)));
    return out;
  }
  out.name = base::cat(escaped(prefix), prefix.empty() ? "" : "-", escaped(name), ".scope");
  if (out.name.size() > kLongestUnit)
    return bad_path(cgroups_path, base::cat("longer than systemd takes: ", kLongestUnit,
                                            " characters with prefix and \".scope\""));
  out.path = base::cat(above, "/", out.name);
  return out;
}

Result<UnitPlan> unit(const UnitPlace& place, const SystemdHost& host,
                      std::span<const CgroupWrite> writes,
                      const std::vector<std::pair<std::string, std::string>>& annotations,
                      const Request& request) {
  UnitPlan out;
  out.name = place.name;
  out.user = host.user;
  out.scope = !place.name.ends_with(kSlice);
  out.properties = usual_properties(place, host, out.scope, request.id);
  auto limits = TRY(unit_limits(writes, host.version));
  std::move(limits.begin(), limits.end(), std::back_inserter(out.properties));
  // Last: of two values systemd takes the second.
  for (const auto& [name, text] : annotations)
    if (name.starts_with(kPropertyAnnotation))
      out.properties.push_back(
          TRY(annotated_property(std::string_view(name).substr(kPropertyAnnotation.size()), text)));
  return out;
}

}  // namespace plan
