#include "plan/cgroup_host.h"

#include <doctest/doctest.h>

using plan::below_root;
using plan::CgroupMembership;
using plan::parse_cgroup_mounts;
using plan::parse_memberships;

TEST_CASE("/proc/self/cgroup lists a hierarchy a line, v2 without controllers") {
  auto rows =
      parse_memberships("12:cpu,cpuacct:/docker/a\n1:name=systemd:/init.scope\n0::/user.slice\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == CgroupMembership{{"cpu", "cpuacct"}, "/docker/a"});
  CHECK(rows[1] == CgroupMembership{{"name=systemd"}, "/init.scope"});
  CHECK(rows[2] == CgroupMembership{{}, "/user.slice"});
}

TEST_CASE("colons in the path of a group, and in the name of a hierarchy, are kept") {
  auto rows = parse_memberships("5:pids:/a:b/c:d\n4:name=x:y:/p\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == CgroupMembership{{"pids"}, "/a:b/c:d"});
  CHECK(rows[1] == CgroupMembership{{"name=x:y"}, "/p"});
}

TEST_CASE("lines that are no memberships are left out") {
  CHECK(parse_memberships("").empty());
  CHECK(parse_memberships("nonsense\n1:\n2:cpu\n:::\n").empty());
}

TEST_CASE("cgroup mounts are found among others, with their root and controllers") {
  auto rows = parse_cgroup_mounts(
      "23 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
      "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:3 - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 /docker/a /sys/fs/cgroup/cpu,cpuacct ro master:4 - cgroup cgroup rw,cpu,cpuacct\n"
      "33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
      "rw,xattr,release_agent=/lib/x,name=systemd\n"
      "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].root == "/docker/a");
  CHECK(rows[0].mount == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(rows[0].controllers == std::vector<std::string>{"cpu", "cpuacct"});
  CHECK(rows[1].controllers == std::vector<std::string>{"name=systemd"});
  CHECK(rows[2].v2);
  CHECK(rows[2].controllers.empty());
}

TEST_CASE("of a hierarchy that is mounted twice the first mount counts") {
  auto rows = parse_cgroup_mounts(
      "40 1 0:40 / /a rw - cgroup cgroup rw,pids\n"
      "41 1 0:40 / /b rw - cgroup cgroup rw,pids");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].mount == "/a");
}

TEST_CASE("a mount that covers another is the one that is seen") {
  auto rows = parse_cgroup_mounts(
      "40 1 0:40 / /a rw - cgroup cgroup rw,pids\n"
      "41 40 0:40 /docker/x /a rw - cgroup cgroup rw,pids\n"
      "42 1 0:40 /docker /b rw - cgroup cgroup rw,pids\n");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].mount == "/a");
  CHECK(rows[0].root == "/docker/x");
}

TEST_CASE("blanks in a mount's path are read back, and a lone backslash stays") {
  auto rows = parse_cgroup_mounts("40 1 0:40 / /with\\040blank\\ rw - cgroup cgroup rw,pids\n");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].mount == "/with blank\\");
}

TEST_CASE("mountinfo that is cut off or strange yields nothing") {
  CHECK(parse_cgroup_mounts("").empty());
  CHECK(parse_cgroup_mounts("40 1 0:40 - cgroup").empty());
  CHECK(parse_cgroup_mounts("40 1 0:40 / /a rw - cgroupfs x rw\n").empty());
}

TEST_CASE("our own group is named below what the mount shows") {
  CHECK(below_root("/docker/a/b", "/") == "/docker/a/b");
  CHECK(below_root("/docker/a/b", "/docker/a") == "/b");
  CHECK(below_root("/docker/a", "/docker/a") == "/");
  CHECK(below_root("/docker/ab", "/docker/a") == "/");
  CHECK(below_root("/../other", "/docker/a") == "/");
}

TEST_CASE("a controller is looked for in the v1 hierarchies, then in v2") {
  plan::CgroupHost host;
  host.hierarchies.push_back({.mount = "/u", .controllers = {"hugetlb"}, .v2 = true});
  host.hierarchies.push_back({.mount = "/m", .controllers = {"memory"}});
  REQUIRE(host.with("memory"));
  CHECK(host.with("memory")->mount == "/m");
  REQUIRE(host.with("hugetlb"));
  CHECK(host.with("hugetlb")->mount == "/u");
  CHECK_FALSE(host.with("pids"));
}
