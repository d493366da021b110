#include "plan/cgroup_owner.h"

#include <doctest/doctest.h>

using plan::CgroupMode;

namespace {

// A container that manages its own groups.
struct Case {
  Case() {
    host.cgroup.mode = CgroupMode::Unified;
    namespaces.create_cgroup = true;
    config.process.emplace();
    config.process->user.uid = 7;
    config.mounts.push_back({.destination = "/sys/fs/cgroup",
                             .type = "cgroup",
                             .source = "cgroup",
                             .options = {"nosuid", "rw"}});
  }
  std::optional<std::uint32_t> owner() const {
    return plan::cgroup_owner(config, namespaces, host);
  }
  spec::Config config{};
  plan::Namespaces namespaces{};
  plan::Host host{};
};

}  // namespace

TEST_CASE("the user of the process owns the group of a container that may write there") {
  Case c;
  CHECK(c.owner() == 7U);
  c.config.mounts[0].destination = "/sys//fs/cgroup/";
  c.config.mounts[0].type = "cgroup2";
  CHECK(c.owner() == 7U);
}

TEST_CASE("a container without a cgroup namespace of its own owns nothing") {
  Case c;
  c.namespaces.create_cgroup = false;
  CHECK_FALSE(c.owner());
}

TEST_CASE("where v1 is in use, delegation is not secure") {
  Case c;
  for (auto mode : {CgroupMode::None, CgroupMode::Legacy, CgroupMode::Hybrid}) {
    c.host.cgroup.mode = mode;
    CHECK_FALSE(c.owner());
  }
}

TEST_CASE("only a writable mount of cgroup on /sys/fs/cgroup tells of that wish") {
  Case read_only;
  read_only.config.mounts[0].options = {"nosuid", "ro"};
  CHECK_FALSE(read_only.owner());
  Case elsewhere;
  elsewhere.config.mounts[0].destination = "/cgroup";
  CHECK_FALSE(elsewhere.owner());
  Case other_source;
  other_source.config.mounts[0].source = "none";
  CHECK_FALSE(other_source.owner());
  Case bound;
  bound.config.mounts[0].type = "bind";
  CHECK_FALSE(bound.owner());
  Case none;
  none.config.mounts.clear();
  CHECK_FALSE(none.owner());
}

TEST_CASE("without a process there is no one to own it") {
  Case c;
  c.config.process.reset();
  CHECK_FALSE(c.owner());
}
