#include "plan/net_devices.h"

#include <doctest/doctest.h>
#include <linux/sched.h>

namespace {

base::Result<std::vector<plan::NetDevice>> plan_of(std::vector<spec::NetDevice> devices,
                                                   const plan::Host& host = {}) {
  spec::Linux config;
  config.net_devices = std::move(devices);
  return plan::net_devices(config, {.create = CLONE_NEWNET}, host);
}

std::string error_of(std::vector<spec::NetDevice> devices, const plan::Host& host = {}) {
  auto out = plan_of(std::move(devices), host);
  return out ? "" : out.error().text();
}

TEST_CASE("a device keeps its name unless another is given") {
  auto plan = plan_of({{"eth0", ""}, {"eth1", "net"}, {"eth2", "net%d"}, {"eth3", "net%d"}});
  REQUIRE(plan);
  const auto& rows = plan.value();
  CHECK(rows[0] == plan::NetDevice{"eth0", "eth0", false, "linux.netDevices.eth0"});
  CHECK(rows[1] == plan::NetDevice{"eth1", "net", false, "linux.netDevices.eth1"});
  CHECK(rows[2] == plan::NetDevice{"eth2", "net%d", true, "linux.netDevices.eth2"});
  CHECK(rows[3].numbered);
}

TEST_CASE("two devices cannot have one name, but may change names with each other") {
  CHECK(error_of({{"eth0", "net"}, {"eth1", "net"}}) ==
        "linux.netDevices.eth1.name: \"net\" is already the name of linux.netDevices.eth0");
  CHECK(!error_of({{"eth0", ""}, {"eth1", "eth0"}}).empty());
  CHECK(plan_of({{"eth0", "eth1"}, {"eth1", "eth0"}}));
}

TEST_CASE("a name has one %d at most, and no other %") {
  for (auto name : {"%", "a%", "a%s", "%d%d", "a%%d"})
    CHECK_MESSAGE(error_of({{"eth0", name}}).ends_with(base::cat("got ", base::quote(name))), name);
  CHECK(plan_of({{"eth0", "%d"}}));
}

TEST_CASE("devices need a network namespace of the container, and root") {
  spec::Linux config;
  CHECK(plan::net_devices(config, {}, {.uid = 1000}));
  config.net_devices = {{"eth0", ""}};
  auto without = plan::net_devices(config, {}, {});
  REQUIRE(!without);
  CHECK(without.error().text() ==
        "linux.netDevices: needs a network namespace in linux.namespaces");
  plan::Namespaces joined{.join = {{CLONE_NEWNET, "/n", "linux.namespaces[0]"}}};
  CHECK(plan::net_devices(config, joined, {}));
  auto rootless = plan::net_devices(config, joined, {.uid = 1000});
  REQUIRE(!rootless);
  CHECK(rootless.error().kind() == base::Kind::Unsupported);
  CHECK(rootless.error().text() ==
        "linux.netDevices: only root may move network devices, and the runtime is user 1000");
}

}  // namespace
