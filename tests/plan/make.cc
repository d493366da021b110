#include "plan/make.h"

#include <doctest/doctest.h>
#include <linux/capability.h>

#include "plan/mount_options.h"
#include "spec/features.h"
#include "spec/words.h"

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

TEST_CASE("a mount label that a mqueue cannot have in a user namespace is warned of") {
  auto wanted = config();
  wanted.linux_.mount_label = "system_u:object_r:x:s0";
  wanted.mounts = {{.destination = "/dev/mqueue", .type = "mqueue"}};
  plan::Host selinux;
  selinux.selinux = true;
  CHECK(planned(wanted, selinux).warnings.empty());
  selinux.in_user_namespace = true;
  selinux.held_capabilities = 1ULL << CAP_SYS_ADMIN;
  CHECK(planned(wanted, selinux).warnings.size() == 1);
  wanted.mounts.clear();
  CHECK(planned(wanted, selinux).warnings.empty());
}

// What `runtime features` promises, held against what is planned.
class Promised {
 public:
  const base::Json& at(std::initializer_list<const char*> path) const {
    auto here = features_.find("linux");
    for (auto name : path) {
      REQUIRE_MESSAGE(here, name);
      here = here->find(name);
    }
    REQUIRE(here);
    return *here;
  }
  bool yes(std::initializer_list<const char*> path) const { return *at(path).boolean(); }
  std::vector<std::string> words(std::initializer_list<const char*> path) const {
    std::vector<std::string> out;
    for (const auto& word : *at(path).array_items()) out.push_back(*word.string());
    return out;
  }

 private:
  base::Json features_ = spec::features({});
};

bool plans(const spec::Linux& part, const plan::Host& host = {}) {
  auto wanted = config();
  wanted.process = spec::Process{};
  auto namespaces = wanted.linux_.namespaces;
  wanted.linux_ = part;
  auto& all = wanted.linux_.namespaces;
  all.insert(all.begin(), namespaces.begin(), namespaces.end());
  return static_cast<bool>(plan_of(wanted, host));
}

TEST_CASE("a limit of kernel memory, which no kernel keeps any more, is warned of") {
  auto wanted = config();
  wanted.linux_.resources.emplace().memory = spec::Memory{.kernel = 4096};
  plan::Host host;
  plan::CgroupHierarchy memory;
  memory.mount = "/sys/fs/cgroup/memory";
  memory.controllers = {"memory"};
  host.cgroup.hierarchies = {memory};
  auto planned = plan::make(wanted, host, {});
  REQUIRE_MESSAGE(planned, planned.error().text());
  REQUIRE(planned.value().warnings.size() == 1);
  CHECK(planned.value().warnings[0].starts_with("linux.resources.memory.kernel: "));
}

TEST_CASE("every memory policy that the features name is planned, and no other") {
  Promised promised;
  auto modes = promised.words({"memoryPolicy", "modes"});
  auto flags = promised.words({"memoryPolicy", "flags"});
  CHECK(modes.size() == 7);
  CHECK(flags.size() == 3);
  spec::Linux part;
  for (const auto& mode : modes) {
    part.memory_policy = spec::MemoryPolicy{.mode = mode, .nodes = {}, .flags = flags};
    CHECK_MESSAGE(plans(part), mode);
  }
  part.memory_policy = spec::MemoryPolicy{.mode = "MPOL_NEW"};
  CHECK(!plans(part));
  part.memory_policy = spec::MemoryPolicy{.mode = "MPOL_BIND", .nodes = {}, .flags = {"MPOL_F_X"}};
  CHECK(!plans(part));
}

TEST_CASE("network devices, resctrl, mapped mounts and rdma are planned as the features say") {
  Promised promised;
  spec::Linux part;
  part.namespaces = {{NamespaceType::Network, ""}};
  part.net_devices = {{"eth0", ""}};
  CHECK(plans(part) == promised.yes({"netDevices", "enabled"}));
  plan::Host host{.resctrl = "/sys/fs/resctrl"};
  part = {};
  part.intel_rdt = spec::IntelRdt{};
  CHECK(plans(part, host) == promised.yes({"intelRdt", "enabled"}));
  part.intel_rdt->schemata = {"L2:0=f"};
  CHECK(plans(part, host) == promised.yes({"intelRdt", "schemata"}));
  part.intel_rdt->enable_monitoring = true;
  CHECK(plans(part, host) == promised.yes({"intelRdt", "monitoring"}));
  host = {};
  for (bool v2 : {false, true}) {
    plan::CgroupHierarchy hierarchy{.mount = "/sys/fs/cgroup", .controllers = {"rdma"}, .v2 = v2};
    host.cgroup.hierarchies = {hierarchy};
    part = {};
    part.resources = spec::Resources{};
    part.resources->rdma = {{.device = "mlx5_0", .hca_handles = 1, .hca_objects = {}}};
    CHECK(plans(part, host) == promised.yes({"cgroup", "rdma"}));
  }
  auto mapped = config();
  mapped.mounts = {{.destination = "/m", .type = {}, .source = "/s", .options = {"bind", "idmap"}}};
  mapped.mounts[0].uid_mappings = mapped.mounts[0].gid_mappings = {{0, 1000, 1}};
  CHECK(static_cast<bool>(plan_of(mapped)) ==
        promised.yes({"mountExtensions", "idmap", "enabled"}));
}

TEST_CASE("every namespace and mount option that the features name is planned") {
  for (const auto& word : Promised().words({"namespaces"})) {
    if (word == "mount") continue;  // which every configuration here has
    auto type = base::value_of(spec::kNamespaceTypes, word);
    REQUIRE(type);
    spec::Linux part;
    part.namespaces = {{*type, ""}};
    part.uid_mappings = part.gid_mappings = {{0, 0, 1}};
    CHECK_MESSAGE(plans(part), word);
  }
  for (const auto& word : plan::mount_option_words()) {
    auto wanted = config();
    wanted.mounts = {{.destination = "/m", .type = "tmpfs", .source = "tmpfs", .options = {word}}};
    if (word.ends_with("bind") || word == "idmap" || word == "ridmap")
      wanted.mounts[0] = {.destination = "/m", .type = {}, .source = "/s", .options = {word}};
    if (word.ends_with("idmap")) {
      wanted.mounts[0].options.push_back("bind");
      wanted.mounts[0].uid_mappings = wanted.mounts[0].gid_mappings = {{0, 1000, 1}};
    }
    auto plan = plan_of(wanted);
    CHECK_MESSAGE(plan, word, ": ", (plan ? "" : plan.error().text()));
    // A word that is not known becomes data for the file system.
    CHECK_MESSAGE(plan::mount_options({word}).data.empty(), word);
  }
}

TEST_CASE("a mount of cgroups shows the caller's group where the container may get none") {
  auto wanted = config();
  wanted.mounts.push_back({.destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup"});
  auto source = [&](uid_t uid) {
    plan::Host host;
    host.uid = uid;
    host.held_capabilities = 1ULL << CAP_SYS_ADMIN;
    host.cgroup.mode = plan::CgroupMode::Unified;
    host.cgroup.hierarchies = {{.mount = "/sys/fs/cgroup", .v2 = true, .root = "/", .own = "/me"}};
    return std::get<plan::BindMount>(planned(wanted, host).rootfs.mounts.back().what).source;
  };
  CHECK(source(0) == "/sys/fs/cgroup/c1");
  CHECK(source(1000) == "/sys/fs/cgroup/me");
}

TEST_CASE("a sysctl is a file: its first separator says what the others are") {
  auto wanted = config();
  wanted.linux_.sysctl = {{"net.ipv4.ip_forward", "1"},
                          {"net/ipv4/conf/eth0.100/forwarding", "0"},
                          {"kernel.msgmax", "8192"},
                          {"net.ipv4.conf.eth0/100.forwarding", "0"}};
  auto plan = planned(wanted);
  REQUIRE(plan.sysctls.size() == 4);
  CHECK(plan.sysctls[0] ==
        plan::Sysctl{"net/ipv4/ip_forward", "1", "linux.sysctl[\"net.ipv4.ip_forward\"]"});
  CHECK(plan.sysctls[1].file == "net/ipv4/conf/eth0.100/forwarding");
  CHECK(plan.sysctls[2].file == "kernel/msgmax");
  CHECK(plan.sysctls[3].file == "net/ipv4/conf/eth0.100/forwarding");
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
  plan::Host host{.uid = 1000,
                  .gid = 1000,
                  .held_capabilities = 1ULL << CAP_SYS_ADMIN,
                  .known_capabilities = kKill};
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
