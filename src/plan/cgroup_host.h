// The facts about the machine's cgroups that planning may depend on, and reading them from the
// kernel's texts.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace plan {

enum class CgroupMode {
  None,     // no cgroup file system at /sys/fs/cgroup
  Legacy,   // v1 hierarchies alone
  Hybrid,   // v1 hierarchies, and cgroup2 at /sys/fs/cgroup/unified
  Unified,  // cgroup2 alone
};

struct CgroupHierarchy {
  std::string mount{};                     // "/sys/fs/cgroup/cpu,cpuacct"
  std::vector<std::string> controllers{};  // v1: "cpu", "name=systemd"; v2: cgroup.controllers
  bool v2 = false;
  std::string root{};  // what of the hierarchy the mount shows: "/" unless we are in a container
  std::string own{};   // our own group, as a path below the mount: "/", "/user.slice"
  // v2: groups can be made in our own group, and not beside it: a user to whom that alone is
  // delegated.
  bool own_alone = false;
  friend bool operator==(const CgroupHierarchy&, const CgroupHierarchy&) = default;
};

struct CgroupHost {
  CgroupMode mode = CgroupMode::None;
  std::vector<CgroupHierarchy> hierarchies{};
  friend bool operator==(const CgroupHost&, const CgroupHost&) = default;

  // The hierarchy that has this controller, v1 first (a controller is never in two), or nullptr.
  const CgroupHierarchy* with(std::string_view controller) const;
  // The v2 hierarchy, or nullptr.
  const CgroupHierarchy* unified() const;
};

// One line of /proc/PID/cgroup. man: cgroups(7)
struct CgroupMembership {
  std::vector<std::string> controllers{};  // empty: the v2 hierarchy
  std::string path{};
  friend bool operator==(const CgroupMembership&, const CgroupMembership&) = default;
};
// Lines that are not of the form N:controllers:/path are left out.
std::vector<CgroupMembership> parse_memberships(std::string_view text);

// The cgroup mounts among the lines of /proc/self/mountinfo (man: proc(5)), without `own`; what is
// covered by a later mount left out, and of a hierarchy seen more than once all but the first. The
// options of the super block name the controllers of v1; those of v2 stay unknown.
std::vector<CgroupHierarchy> parse_cgroup_mounts(std::string_view mountinfo);

// The group at `path` of /proc/PID/cgroup as a path below a mount that shows `root`: "/a/b" below
// "/a" is "/b". "/" if it is not below.
std::string below_root(std::string_view path, std::string_view root);

}  // namespace plan
