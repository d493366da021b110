#include "plan/make.h"

#include <doctest/doctest.h>
#include <linux/capability.h>

namespace {

using spec::NamespaceType;

constexpr std::uint64_t kKill = 1ULL << CAP_KILL;

spec::Config config() {
  spec::Config out;
  out.root = spec::Root{.path = "rootfs"};
  out.linux_.namespaces = {{NamespaceType::Mount, ""}};
  return out;
}

base::Result<plan::Plan> plan_of(const spec::Config& config, const plan::Host& host = {}) {
  return plan::make(config, host, {.id = "c1", .bundle = "/b"});
}

plan::Plan planned(const spec::Config& config, const plan::Host& host = {}) {
  auto out = plan_of(config, host);
  REQUIRE_MESSAGE(out, (out ? "" : out.error().text()));
  return std::move(out).value();
}

TEST_CASE("what is not supported is refused by its name, and never passed over") {
  auto refused = [](const spec::Linux& part) {
    auto wanted = config();
    auto namespaces = wanted.linux_.namespaces;
    wanted.linux_ = part;
    wanted.linux_.namespaces = namespaces;
    auto out = plan_of(wanted);
    REQUIRE(!out);
    CHECK(out.error().kind() == base::Kind::Unsupported);
    return out.error().text();
  };
  spec::Linux part;
  part.intel_rdt = spec::IntelRdt{};
  CHECK(refused(part) == "linux.intelRdt: is not supported");
  part = {};
  part.net_devices = {{"eth0", ""}};
  CHECK(refused(part) == "linux.netDevices: is not supported");
  part = {};
  part.memory_policy = spec::MemoryPolicy{.mode = "MPOL_BIND", .nodes = "0"};
  CHECK(refused(part) == "linux.memoryPolicy: is not supported");
}

TEST_CASE("a sysctl is a file: dots are slashes, unless slashes are written") {
  auto wanted = config();
  wanted.linux_.sysctl = {{"net.ipv4.ip_forward", "1"},
                          {"net/ipv4/conf/eth0.100/forwarding", "0"},
                          {"kernel.msgmax", "8192"}};
  auto plan = planned(wanted);
  REQUIRE(plan.sysctls.size() == 3);
  CHECK(plan.sysctls[0] ==
        plan::Sysctl{"net/ipv4/ip_forward", "1", "linux.sysctl[\"net.ipv4.ip_forward\"]"});
  CHECK(plan.sysctls[1].file == "net/ipv4/conf/eth0.100/forwarding");
  CHECK(plan.sysctls[2].file == "kernel/msgmax");
}

TEST_CASE("the loopback device comes up in a new network namespace alone") {
  auto wanted = config();
  CHECK(!planned(wanted).loopback_up);
  wanted.linux_.namespaces.push_back({NamespaceType::Network, "/n"});
  CHECK(!planned(wanted).loopback_up);
  wanted.linux_.namespaces.back().path.clear();
  CHECK(planned(wanted).loopback_up);
}

TEST_CASE("without a process there is nothing to execute, and everything else is planned") {
  auto wanted = config();
  wanted.hostname = "h";
  wanted.domainname = "d";
  wanted.hooks.poststop = {{"/x", {}, {}, {}}};
  auto plan = planned(wanted);
  CHECK(!plan.process);
  CHECK(!plan.seccomp);
  CHECK(plan.hostname == "h");
  CHECK(plan.domainname == "d");
  CHECK(plan.rootfs.path == "/b/rootfs");
  CHECK(plan.hooks.poststop.size() == 1);
  wanted.process = spec::Process{};
  CHECK(planned(wanted).process);
}

TEST_CASE("in a user namespace every known capability can be granted, made or joined") {
  plan::Host host{.uid = 1000, .gid = 1000, .known_capabilities = kKill};
  auto wanted = config();
  wanted.process = spec::Process{};
  wanted.process->capabilities = spec::Capabilities{.permitted = {"CAP_KILL"}};
  auto without = planned(wanted, host);
  CHECK(without.process->capabilities.permitted == 0);
  CHECK(without.warnings.size() == 1);
  wanted.linux_.uid_mappings = {{0, 1000, 1}};
  wanted.linux_.gid_mappings = {{0, 1000, 1}};
  for (auto path : {"", "/u"}) {
    wanted.linux_.namespaces = {{NamespaceType::Mount, ""}, {NamespaceType::User, path}};
    auto within = planned(wanted, host);
    CHECK(within.process->capabilities.permitted == kKill);
    CHECK(within.warnings.empty());
    auto exec = plan::make_exec(*wanted.process, wanted.linux_, host, {.id = "c1"});
    REQUIRE(exec);
    CHECK(exec.value().process.capabilities.permitted == kKill);
  }
}

}  // namespace
