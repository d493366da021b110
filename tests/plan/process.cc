#include "plan/process.h"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include "plan/make.h"

namespace {

using Warnings = std::vector<std::string>;

constexpr std::uint64_t bit(int capability) { return 1ULL << capability; }

plan::Host host() {
  plan::Host out;
  out.known_capabilities = bit(41) - 1;
  out.held_capabilities = out.known_capabilities & ~bit(CAP_SYS_RESOURCE);
  return out;
}

base::Result<plan::Process> plan_of(const spec::Process& config, Warnings& warnings,
                                    const spec::Linux& linux_config = {},
                                    const plan::Request& request = {.id = "c1"}) {
  return plan::process(config, linux_config, host(), request, warnings);
}

plan::Process planned(const spec::Process& config, const spec::Linux& linux_config = {},
                      const plan::Request& request = {.id = "c1"}) {
  Warnings warnings;
  auto out = plan_of(config, warnings, linux_config, request);
  REQUIRE(out);
  CHECK(warnings.empty());
  return std::move(out).value();
}

std::string error_of(const spec::Process& config, const spec::Linux& linux_config = {}) {
  Warnings warnings;
  auto out = plan_of(config, warnings, linux_config);
  return out ? "" : out.error().text();
}

TEST_CASE("the plain members pass as they are, and the umask is 022 when none is given") {
  spec::Process config;
  config.args = {"sh", "-c", "x"};
  config.env = {"A=1"};
  config.cwd = "/w";
  config.user = {.uid = 1, .gid = 2, .umask = {}, .additional_gids = {3, 4}};
  config.no_new_privileges = true;
  config.oom_score_adj = -17;
  auto plan = planned(config);
  CHECK(plan.args == config.args);
  CHECK(plan.env == config.env);
  CHECK(plan.cwd == "/w");
  CHECK(plan.uid == 1);
  CHECK(plan.gid == 2);
  CHECK(plan.groups == config.user.additional_gids);
  CHECK(plan.umask == 022);
  CHECK(plan.no_new_privileges);
  CHECK(plan.oom_score_adj == "-17");
  config.user.umask = 077;
  CHECK(planned(config).umask == 077);
  CHECK(!planned({}).oom_score_adj);
}

TEST_CASE("only a terminal that we relay leaves newlines as they are") {
  spec::Process config;
  const plan::Request relayed{.id = "c1", .relayed = true};
  CHECK(!planned(config, {}, relayed).leave_newlines);
  config.terminal = true;
  CHECK(planned(config, {}, relayed).leave_newlines);
  CHECK(!planned(config).leave_newlines);
}

TEST_CASE("each set of capabilities becomes its mask, and none at all is no right") {
  spec::Process config;
  config.capabilities = spec::Capabilities{.bounding = {"CAP_CHOWN", "CAP_KILL"},
                                           .effective = {"CAP_CHOWN"},
                                           .inheritable = {"CAP_KILL"},
                                           .permitted = {"CAP_CHOWN", "CAP_KILL"},
                                           .ambient = {"CAP_KILL"}};
  CHECK(planned(config).capabilities ==
        plan::Capabilities{.bounding = bit(CAP_CHOWN) | bit(CAP_KILL),
                           .effective = bit(CAP_CHOWN),
                           .inheritable = bit(CAP_KILL),
                           .permitted = bit(CAP_CHOWN) | bit(CAP_KILL),
                           .ambient = bit(CAP_KILL)});
  CHECK(planned({}).capabilities == plan::Capabilities{});
}

TEST_CASE("capabilities that are unknown or not held are left out, with one warning each") {
  spec::Process config;
  std::vector<std::string> names{"CAP_CHOWN", "CAP_NO_SUCH", "cap_kill", "CAP_SYS_RESOURCE"};
  config.capabilities = spec::Capabilities{.bounding = names, .permitted = names};
  Warnings warnings;
  auto plan = plan_of(config, warnings);
  REQUIRE(plan);
  CHECK(plan.value().capabilities.bounding == bit(CAP_CHOWN));
  CHECK(plan.value().capabilities.permitted == bit(CAP_CHOWN));
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0].find("\"CAP_NO_SUCH\" is unknown") != std::string::npos);
  CHECK(warnings[1].find("\"cap_kill\" is unknown") != std::string::npos);
  CHECK(warnings[2].find("CAP_SYS_RESOURCE cannot be granted") != std::string::npos);
}

TEST_CASE("what the kernel would refuse is cut: effective to permitted, ambient to both") {
  spec::Process config;
  config.user.uid = 1000;
  config.capabilities = spec::Capabilities{.effective = {"CAP_CHOWN", "CAP_KILL"},
                                           .inheritable = {"CAP_KILL"},
                                           .permitted = {"CAP_CHOWN"},
                                           .ambient = {"CAP_CHOWN", "CAP_KILL"}};
  Warnings warnings;
  auto plan = plan_of(config, warnings);
  REQUIRE(plan);
  CHECK(plan.value().capabilities.effective == bit(CAP_CHOWN));
  CHECK(plan.value().capabilities.ambient == 0);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].starts_with("process.capabilities.ambient: "));
}

TEST_CASE("root needs no ambient capabilities, so that there is nothing to warn of") {
  spec::Process config;
  config.capabilities = spec::Capabilities{.permitted = {"CAP_KILL"}, .ambient = {"CAP_KILL"}};
  Warnings warnings;
  auto plan = plan_of(config, warnings);
  REQUIRE(plan);
  CHECK(plan.value().capabilities.ambient == 0);
  CHECK(warnings.empty());
}

TEST_CASE("resource limits are named by their type, and an unknown one is refused") {
  spec::Process config;
  config.rlimits = {{"RLIMIT_NOFILE", 10, 20}, {"RLIMIT_CORE", 0, ~std::uint64_t{0}}};
  auto plan = planned(config);
  REQUIRE(plan.rlimits.size() == 2);
  CHECK(plan.rlimits[0] == plan::Rlimit{RLIMIT_NOFILE, 10, 20, "process.rlimits[0] RLIMIT_NOFILE"});
  CHECK(plan.rlimits[1].hard == RLIM_INFINITY);
  for (auto type :
       {"RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS",
        "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS",
        "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME"}) {
    config.rlimits = {{type, 1, 1}};
    CHECK(error_of(config) == "");
  }
  config.rlimits = {{"RLIMIT_CPU", 1, 1}, {"NOFILE", 1, 1}};
  CHECK(error_of(config) == "process.rlimits[1].type: unknown resource limit \"NOFILE\"");
}

TEST_CASE("a scheduler is its policy, its flags together and its numbers") {
  spec::Process config;
  config.scheduler = spec::Scheduler{.policy = "SCHED_DEADLINE",
                                     .nice = -3,
                                     .priority = 5,
                                     .flags = {"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM"},
                                     .runtime = 10,
                                     .deadline = 20,
                                     .period = 30};
  auto plan = planned(config).scheduler;
  REQUIRE(plan);
  CHECK(plan->policy == 6);
  CHECK(plan->flags == 3);
  CHECK(plan->nice == -3);
  CHECK(plan->priority == 5);
  CHECK(plan->runtime == 10);
  CHECK(plan->deadline == 20);
  CHECK(plan->period == 30);
  config.scheduler->flags = {"SCHED_FLAG_X"};
  CHECK(error_of(config) == "process.scheduler.flags: unknown flag \"SCHED_FLAG_X\"");
  config.scheduler = spec::Scheduler{.policy = "FIFO"};
  CHECK(error_of(config) == "process.scheduler.policy: unknown policy \"FIFO\"");
}

TEST_CASE("an io priority is the class above its level") {
  spec::Process config;
  for (auto [name, number] : {std::pair{"IOPRIO_CLASS_RT", 1}, std::pair{"IOPRIO_CLASS_BE", 2},
                              std::pair{"IOPRIO_CLASS_IDLE", 3}}) {
    config.io_priority = spec::IoPriority{name, 4};
    CHECK(planned(config).io_priority == (number << 13 | 4));
  }
  config.io_priority = spec::IoPriority{"BE", 4};
  CHECK(error_of(config) == "process.ioPriority.class: unknown class \"BE\"");
}

TEST_CASE("a list of cpus is numbers and ranges, blanks and empty parts allowed") {
  auto bits = [](std::string_view text) {
    std::string out;
    auto list = plan::cpu_list(text, "x");
    if (!list) return "error: " + list.error().text();
    for (bool set : list.value()) out += set ? '1' : '0';
    return out;
  };
  CHECK(bits("") == "");
  CHECK(bits("0") == "1");
  CHECK(bits("0-2,5") == "111001");
  CHECK(bits(" 3 , 1 - 1,,") == "0101");
  for (auto bad : {"a", "-", "1-", "-1", "3-2", "0-65536", "99999999999999999999", "1;2", "0x1"})
    CHECK(bits(bad) ==
          base::cat("error: x: must be a list of cpus such as \"0-3,7\", got \"", bad, "\""));
}

TEST_CASE("processors are those before and those after the process stands in its cgroup") {
  spec::Process config;
  config.exec_cpu_affinity = spec::ExecCpuAffinity{.initial = "1", .final_ = "0"};
  auto plan = planned(config);
  CHECK(plan.affinity_before == std::vector<bool>{false, true});
  CHECK(plan.affinity_after == std::vector<bool>{true});
  config.exec_cpu_affinity->final_ = "x";
  CHECK(error_of(config).starts_with("process.execCPUAffinity.final: "));
}

TEST_CASE("a personality is that of Linux with 32 or with all bits, and has no flags") {
  spec::Linux config;
  CHECK(!planned({}, config).personality);
  config.personality = spec::Personality{"LINUX", {}};
  CHECK(planned({}, config).personality == 0);
  config.personality = spec::Personality{"LINUX32", {}};
  CHECK(planned({}, config).personality == 8);
  config.personality->flags = {"X"};
  CHECK(error_of({}, config).starts_with("linux.personality.flags: "));
}

TEST_CASE("a terminal has the caller's size, else the configured one, and none without terminal") {
  spec::Process config;
  config.terminal = true;
  config.console_size = spec::ConsoleSize{.height = 24, .width = 80};
  CHECK(planned(config).console_size == plan::TerminalSize{24, 80});
  plan::Request request{.terminal_size = plan::TerminalSize{50, 132}};
  CHECK(planned(config, {}, request).console_size == plan::TerminalSize{50, 132});
  config.console_size->width = 65536;
  CHECK(error_of(config) == "process.consoleSize: at most 65535 rows and columns, got 24 × 65536");
  config.terminal = false;
  CHECK(!planned(config).console_size);
  CHECK(!planned(config, {}, request).console_size);
}

TEST_CASE("labels of a security module that is not there are warned of, but for unconfined") {
  spec::Process config;
  config.apparmor_profile = "unconfined";
  CHECK(planned(config).apparmor_profile.empty());
  config.apparmor_profile = "p";
  config.selinux_label = "l";
  Warnings warnings;
  auto absent = plan_of(config, warnings);
  REQUIRE(absent);
  CHECK(absent.value().apparmor_profile.empty());
  CHECK(absent.value().selinux_label.empty());
  CHECK(warnings.size() == 2);
  auto with_both = host();
  with_both.apparmor = with_both.selinux = true;
  warnings.clear();
  auto present = plan::process(config, {}, with_both, {}, warnings);
  REQUIRE(present);
  CHECK(present.value().apparmor_profile == "p");
  CHECK(present.value().selinux_label == "l");
  CHECK(warnings.empty());
}

TEST_CASE("the session keyring is named after the container, or stays") {
  CHECK(planned({}).keyring == "_ses.c1");
  CHECK(planned({}, {}, {.id = "c1", .no_new_keyring = true}).keyring.empty());
  CHECK(planned({}, {}, {.preserve_fds = 3}).preserve_fds == 3);
}

TEST_CASE("the names of capabilities are those of the specification") {
  CHECK(plan::capability_names(bit(CAP_CHOWN) | bit(CAP_BPF) | bit(63)) ==
        std::vector<std::string>{"CAP_CHOWN", "CAP_BPF"});
  CHECK(plan::capability_names(0).empty());
}

TEST_CASE("a memory policy is a mode with its flags, and the nodes as bits") {
  auto policy_of = [](spec::MemoryPolicy policy) {
    spec::Linux config;
    config.memory_policy = std::move(policy);
    return *planned({}, config).memory_policy;
  };
  CHECK(!planned({}).memory_policy);
  CHECK(policy_of({.mode = "MPOL_DEFAULT"}) == plan::MemoryPolicy{});
  CHECK(policy_of({.mode = "MPOL_LOCAL"}).mode == 4);
  CHECK(policy_of({.mode = "MPOL_PREFERRED"}).nodes.empty());
  auto policy = policy_of({.mode = "MPOL_INTERLEAVE",
                           .nodes = "0,2-3",
                           .flags = {"MPOL_F_STATIC_NODES", "MPOL_F_NUMA_BALANCING"}});
  CHECK(policy.mode == (3 | 1 << 15 | 1 << 13));
  CHECK(policy.nodes == std::vector<bool>{true, false, true, true});
}

TEST_CASE("the caller's securebits go, but in a user namespace, which has none; locks stay") {
  auto securebits = [](unsigned held, bool user_namespace = false) {
    spec::Config config;
    config.root = spec::Root{.path = "rootfs"};
    config.process = spec::Process{};
    config.linux_.namespaces = {{spec::NamespaceType::Mount, ""}};
    if (user_namespace) config.linux_.namespaces.push_back({spec::NamespaceType::User, "/u"});
    plan::Host has = host();
    has.securebits = held;
    auto out = plan::make(config, has, {.id = "c1", .bundle = "/b"});
    REQUIRE(out);
    return out.value().process->securebits;
  };
  CHECK(!securebits(0));
  CHECK(securebits(0x01) == 0U);
  CHECK(securebits(0x04) == 0U);
  CHECK(securebits(0x40) == 0U);
  CHECK(!securebits(0x08));          // a lock alone, of what is as it should be
  CHECK(securebits(0x48) == 0x08U);  // the lock of another bit
  CHECK(!securebits(0x10));          // SECBIT_KEEP_CAPS
  CHECK(!securebits(0x05, true));
}

TEST_CASE("securebits that are locked cannot go, and are an error") {
  for (unsigned held : {0x03U, 0x0cU, 0xc0U}) {
    plan::Host has = host();
    has.securebits = held;
    Warnings warnings;
    auto out = plan::process({}, {}, has, {.id = "c1"}, warnings);
    REQUIRE(!out);
    CHECK(out.error().kind() == base::Kind::Unsupported);
    CHECK(out.error().text().starts_with("process.capabilities: the securebits of the caller"));
  }
}

}  // namespace
