// The facts about the machine's cgroups that planning may depend on.
#pragma once
#include <string>
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
  std::vector<std::string> controllers{};  // v1: "cpu", "cpuacct", "name=systemd"; v2: cgroup.controllers
  bool v2 = false;
  std::string root{};  // what of the hierarchy the mount shows: "/" unless we are in a container
  std::string own{};   // our own group, as a path below the mount: "/", "/user.slice"
  friend bool operator==(const CgroupHierarchy&, const CgroupHierarchy&) = default;
};

struct CgroupHost {
  CgroupMode mode = CgroupMode::None;
  std::vector<CgroupHierarchy> hierarchies{};
  std::vector<std::string> hugetlb_sizes{};  // "2MB", "1GB", as the control files name them
  friend bool operator==(const CgroupHost&, const CgroupHost&) = default;
};

}  // namespace plan
