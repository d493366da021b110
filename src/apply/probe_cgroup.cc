#include "apply/probe_cgroup.h"

#include <unistd.h>

#include <algorithm>

#include "base/kernel.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

using base::FdRef;
using base::Result;

constexpr const char* kTop = "/sys/fs/cgroup";

// The type of the file system at this place; 0 if there is nothing.
long file_system(const std::string& path) {
  auto st = sys::statfs(path);
  return st ? static_cast<long>(st.value().f_type) : 0;
}

// Where distributions mount a hierarchy: "cpu,cpuacct", "systemd" for "name=systemd".
std::string usual_place(const plan::CgroupMembership& row) {
  auto name = base::join(row.controllers, ",");
  if (name.starts_with("name=")) name.erase(0, 5);
  return base::cat(kTop, "/", name.empty() ? "unified" : name);
}

// The hierarchy at its usual place, if it is there and shows our own group.
bool find_usual(const plan::CgroupMembership& row, const std::string& mount,
                plan::CgroupHierarchy& out) {
  out.v2 = row.controllers.empty();
  out.mount = mount;
  out.controllers = row.controllers;
  out.root = "/";
  out.own = row.path;
  auto magic = out.v2 ? base::kernel::kCgroup2Magic : base::kernel::kCgroupMagic;
  if (file_system(mount) != magic) return false;
  // The group of a process is always there, unless the mount shows another part of the hierarchy.
  return row.path == "/" || sys::fstatat(FdRef::cwd(), mount + row.path, 0);
}

bool same(const plan::CgroupHierarchy& mount, const plan::CgroupMembership& row) {
  auto a = mount.controllers;
  auto b = row.controllers;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return mount.v2 == b.empty() && (mount.v2 || a == b);
}

// Every hierarchy, from the mount table.
Result<std::vector<plan::CgroupHierarchy>> find_mounted(
    const std::vector<plan::CgroupMembership>& memberships) {
  auto text = TRY(fs::read_file(FdRef::cwd(), "/proc/self/mountinfo"));
  auto mounts = plan::parse_cgroup_mounts(text);
  std::vector<plan::CgroupHierarchy> out;
  for (const auto& row : memberships) {
    auto mount = std::find_if(mounts.begin(), mounts.end(),
                              [&](const plan::CgroupHierarchy& m) { return same(m, row); });
    if (mount == mounts.end()) continue;
    mount->own = plan::below_root(row.path, mount->root);
    out.push_back(*mount);
  }
  return out;
}

Result<std::vector<plan::CgroupHierarchy>> find_hierarchies(
    const std::vector<plan::CgroupMembership>& memberships, bool unified) {
  std::vector<plan::CgroupHierarchy> out;
  for (const auto& row : memberships) {
    plan::CgroupHierarchy hierarchy;
    bool v2 = row.controllers.empty();
    // Every kernel lists the v2 hierarchy, mounted or not.
    auto place = unified ? std::string(kTop) : usual_place(row);
    if (v2 && !unified && file_system(place) != base::kernel::kCgroup2Magic) continue;
    // Beside a v2 mount at the top, v1 hierarchies can only be somewhere unusual.
    if (unified && !v2) continue;
    if (!find_usual(row, place, hierarchy)) return find_mounted(memberships);
    out.push_back(std::move(hierarchy));
  }
  return out;
}

// Whether we may make groups in our own group, and not beside it.
bool is_own_alone(const plan::CgroupHierarchy& row) {
  if (row.own == "/") return false;
  auto own = row.mount + row.own;
  auto may_write = [](const std::string& path) {
    return static_cast<bool>(sys::faccessat(FdRef::cwd(), path, W_OK));
  };
  return !may_write(own.substr(0, own.rfind('/'))) && may_write(own);
}

}  // namespace

Result<plan::CgroupHost> probe_cgroup() {
  plan::CgroupHost out;
  auto top = file_system(kTop);
  bool unified = top == base::kernel::kCgroup2Magic;
  if (!unified && top != base::kernel::kTmpfsMagic) return out;
  auto text = TRY(fs::read_file(FdRef::cwd(), "/proc/self/cgroup"), "find our cgroups");
  auto memberships = plan::parse_memberships(text);
  out.hierarchies = TRY(find_hierarchies(memberships, unified), "find the cgroup mounts");
  bool v1 = false;
  bool v2 = false;
  for (auto& row : out.hierarchies) {
    (row.v2 ? v2 : v1) = true;
    if (!row.v2) continue;
    auto names = TRY(fs::read_file(FdRef::cwd(), row.mount + "/cgroup.controllers"));
    for (auto name : base::words(names)) row.controllers.emplace_back(name);
    row.own_alone = is_own_alone(row);
  }
  if (v1)
    out.mode = v2 ? plan::CgroupMode::Hybrid : plan::CgroupMode::Legacy;
  else if (v2)
    out.mode = plan::CgroupMode::Unified;
  return out;
}

}  // namespace apply
