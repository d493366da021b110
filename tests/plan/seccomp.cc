#include "plan/seccomp.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <initializer_list>

#include "bpf.h"
#include "plan/seccomp_stub.h"
#include "spec/default_seccomp.h"

using spec::SeccompAction;
using spec::SeccompOperator;

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif
constexpr std::uint32_t kX32Bit = 1U << 30;
constexpr plan::SeccompHost kHost{.flags = 0x27};

spec::SeccompRule rule(std::vector<std::string> names, SeccompAction action,
                       std::vector<spec::SeccompArgument> args = {}) {
  spec::SeccompRule out;
  out.names = std::move(names);
  out.action = action;
  out.args = std::move(args);
  return out;
}

spec::Seccomp profile(SeccompAction otherwise, std::vector<spec::SeccompRule> rules = {}) {
  spec::Seccomp out;
  out.default_action = otherwise;
  out.syscalls = std::move(rules);
  return out;
}

plan::SeccompPlan planned(const spec::Seccomp& config, bool no_new_privileges = true) {
  auto plan = plan::seccomp(config, no_new_privileges, kHost);
  INFO((plan ? std::string() : plan.error().text()));
  REQUIRE(plan);
  return std::move(plan).value();
}

// What the filter says to a call.
std::uint32_t verdict(const plan::SeccompPlan& plan, long number,
                      std::initializer_list<std::uint64_t> args = {},
                      std::uint32_t arch = kNative) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = arch;
  std::size_t i = 0;
  for (auto value : args) data.args[i++] = value;
  auto out = tests::Bpf::run(plan.program, data);
  REQUIRE(out);
  return *out;
}

constexpr std::uint32_t refusal(int code) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(code);
}

}  // namespace

TEST_CASE("every action returns its own value") {
  auto plan = planned(
      profile(SeccompAction::Allow,
              {rule({"getpid"}, SeccompAction::Kill), rule({"getppid"}, SeccompAction::KillProcess),
               rule({"gettid"}, SeccompAction::KillThread), rule({"getuid"}, SeccompAction::Trap),
               rule({"getgid"}, SeccompAction::Errno), rule({"geteuid"}, SeccompAction::Trace),
               rule({"getegid"}, SeccompAction::Log)}));
  CHECK(verdict(plan, SYS_getpid) == SECCOMP_RET_KILL_THREAD);
  CHECK(verdict(plan, SYS_getppid) == SECCOMP_RET_KILL_PROCESS);
  CHECK(verdict(plan, SYS_gettid) == SECCOMP_RET_KILL_THREAD);
  CHECK(verdict(plan, SYS_getuid) == SECCOMP_RET_TRAP);
  CHECK(verdict(plan, SYS_getgid) == refusal(EPERM));
  CHECK(verdict(plan, SYS_geteuid) == (SECCOMP_RET_TRACE | EPERM));
  CHECK(verdict(plan, SYS_getegid) == SECCOMP_RET_LOG);
  CHECK(verdict(plan, SYS_read) == SECCOMP_RET_ALLOW);
}

TEST_CASE("errnoRet is what the call returns, or what the tracer sees") {
  auto config = profile(SeccompAction::Errno, {rule({"getpid"}, SeccompAction::Errno),
                                               rule({"getuid"}, SeccompAction::Trace),
                                               rule({"mseal", "write"}, SeccompAction::Allow)});
  config.default_errno_ret = EACCES;
  config.syscalls[0].errno_ret = ENOENT;
  config.syscalls[1].errno_ret = 777;
  auto plan = planned(config);
  CHECK(verdict(plan, SYS_getpid) == refusal(ENOENT));
  CHECK(verdict(plan, SYS_getuid) == (SECCOMP_RET_TRACE | 777));
  CHECK(verdict(plan, SYS_read) == refusal(EACCES));
  CHECK(verdict(plan, SYS_write) == SECCOMP_RET_ALLOW);
}

TEST_CASE("every operator compares all 64 bits, unsigned") {
  struct Row {
    SeccompOperator op;
    std::uint64_t argument;
    bool matches;
  };
  constexpr std::uint64_t kValue = 0x1'8000'0000;
  const Row rows[] = {
      {SeccompOperator::Equal, kValue, true},
      {SeccompOperator::Equal, 0x8000'0000, false},
      {SeccompOperator::Equal, 0x1'8000'0001, false},
      {SeccompOperator::NotEqual, kValue, false},
      {SeccompOperator::NotEqual, 0x2'8000'0000, true},
      {SeccompOperator::NotEqual, 0x1'0000'0000, true},
      {SeccompOperator::LessThan, kValue, false},
      {SeccompOperator::LessThan, kValue - 1, true},
      {SeccompOperator::LessThan, 0xffff'ffff, true},
      {SeccompOperator::LessThan, 0x2'0000'0000, false},
      {SeccompOperator::LessOrEqual, kValue, true},
      {SeccompOperator::LessOrEqual, kValue + 1, false},
      {SeccompOperator::LessOrEqual, 0x2'0000'0000, false},
      {SeccompOperator::GreaterOrEqual, kValue, true},
      {SeccompOperator::GreaterOrEqual, kValue - 1, false},
      {SeccompOperator::GreaterOrEqual, 0x2'0000'0000, true},
      {SeccompOperator::GreaterOrEqual, 0xffff'ffff, false},
      {SeccompOperator::GreaterThan, kValue, false},
      {SeccompOperator::GreaterThan, kValue + 1, true},
      {SeccompOperator::GreaterThan, ~std::uint64_t{0}, true},
      {SeccompOperator::GreaterThan, 0xffff'ffff, false},
  };
  for (const auto& row : rows) {
    CAPTURE(static_cast<int>(row.op));
    CAPTURE(row.argument);
    auto plan = planned(profile(
        SeccompAction::Allow,
        {rule({"lseek"}, SeccompAction::Errno, {{.index = 1, .value = kValue, .op = row.op}})}));
    CHECK(verdict(plan, SYS_lseek, {0, row.argument}) ==
          (row.matches ? refusal(EPERM) : SECCOMP_RET_ALLOW));
    CHECK(verdict(plan, SYS_read, {0, row.argument}) == SECCOMP_RET_ALLOW);
  }
}

TEST_CASE("a masked comparison takes the mask from value and the bits from valueTwo") {
  auto plan =
      planned(profile(SeccompAction::Allow, {rule({"lseek"}, SeccompAction::Errno,
                                                  {{.index = 2,
                                                    .value = 0xf'0000'000f,
                                                    .value_two = 0x2'0000'0003,
                                                    .op = SeccompOperator::MaskedEqual}})}));
  CHECK(verdict(plan, SYS_lseek, {0, 0, 0x2'0000'0003}) == refusal(EPERM));
  CHECK(verdict(plan, SYS_lseek, {0, 0, 0xf2'1111'1113}) == refusal(EPERM));
  CHECK(verdict(plan, SYS_lseek, {0, 0, 0x2'0000'0004}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_lseek, {0, 0, 0x3'0000'0003}) == SECCOMP_RET_ALLOW);
}

TEST_CASE("conditions on different arguments must all hold, on the same one any of them") {
  auto all = planned(profile(
      SeccompAction::Allow,
      {rule({"lseek"}, SeccompAction::Errno,
            {{.index = 0, .value = 1}, {.index = 1, .value = 2}, {.index = 2, .value = 3}})}));
  CHECK(verdict(all, SYS_lseek, {1, 2, 3}) == refusal(EPERM));
  CHECK(verdict(all, SYS_lseek, {1, 2, 4}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(all, SYS_lseek, {0, 2, 3}) == SECCOMP_RET_ALLOW);
  auto any = planned(profile(
      SeccompAction::Allow,
      {rule({"lseek"}, SeccompAction::Errno,
            {{.index = 1, .value = 1}, {.index = 1, .value = 2}, {.index = 2, .value = 3}})}));
  CHECK(verdict(any, SYS_lseek, {0, 1, 0}) == refusal(EPERM));
  CHECK(verdict(any, SYS_lseek, {0, 2, 0}) == refusal(EPERM));
  CHECK(verdict(any, SYS_lseek, {0, 0, 3}) == refusal(EPERM));
  CHECK(verdict(any, SYS_lseek, {3, 0, 0}) == SECCOMP_RET_ALLOW);
}

TEST_CASE("several rules for one call add up") {
  auto plan = planned(profile(
      SeccompAction::Errno, {rule({"personality", "vhangup"}, SeccompAction::Allow, {{.value = 0}}),
                             rule({"personality"}, SeccompAction::Allow, {{.value = 8}}),
                             rule({"personality"}, SeccompAction::Allow, {{.value = 8}})}));
  CHECK(verdict(plan, SYS_personality, {0}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_personality, {8}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_personality, {4}) == refusal(EPERM));
}

TEST_CASE("a call without arguments in its rule matches whatever other rules say of it") {
  auto plan =
      planned(profile(SeccompAction::Errno, {rule({"clone"}, SeccompAction::Allow),
                                             rule({"clone"}, SeccompAction::Allow, {{.value = 8}}),
                                             rule({"vhangup"}, SeccompAction::Allow)}));
  CHECK(verdict(plan, SYS_clone, {8}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_clone, {9}) == SECCOMP_RET_ALLOW);
}

#if defined(__x86_64__)
TEST_CASE("only the architectures that are named, and the native one, may call at all") {
  auto native = planned(profile(SeccompAction::Allow, {rule({"getpid"}, SeccompAction::Errno)}));
  CHECK(verdict(native, SYS_getpid) == refusal(EPERM));
  CHECK(verdict(native, 20, {}, AUDIT_ARCH_I386) == SECCOMP_RET_KILL_THREAD);
  CHECK(verdict(native, kX32Bit + SYS_getpid) == SECCOMP_RET_KILL_THREAD);

  auto config = profile(SeccompAction::Allow, {rule({"getpid"}, SeccompAction::Errno)});
  config.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  auto all = planned(config);
  CHECK(verdict(all, SYS_getpid) == refusal(EPERM));
  CHECK(verdict(all, 20, {}, AUDIT_ARCH_I386) == refusal(EPERM));
  CHECK(verdict(all, SYS_getpid, {}, AUDIT_ARCH_I386) == SECCOMP_RET_ALLOW);  // 39 is mkdir
  CHECK(verdict(all, kX32Bit + SYS_getpid) == refusal(EPERM));
  CHECK(verdict(all, 20, {}, AUDIT_ARCH_ARM) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("on i386 a call is filtered also where it hides behind socketcall and ipc") {
  auto config = profile(SeccompAction::Errno, {rule({"listen", "semget"}, SeccompAction::Allow)});
  config.architectures = {"SCMP_ARCH_X86"};
  auto plan = planned(config);
  constexpr long kSocketcall = 102, kIpc = 117, kListen = 363;
  CHECK(verdict(plan, kListen, {}, AUDIT_ARCH_I386) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, kSocketcall, {4}, AUDIT_ARCH_I386) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, kSocketcall, {1}, AUDIT_ARCH_I386) == refusal(EPERM));
  CHECK(verdict(plan, kIpc, {2}, AUDIT_ARCH_I386) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, kIpc, {1}, AUDIT_ARCH_I386) == refusal(EPERM));
}

TEST_CASE("calls newer than the profile answer ENOSYS on each architecture") {
  auto config = profile(SeccompAction::Errno, {rule({"getpid"}, SeccompAction::Allow),
                                               rule({"openat2"}, SeccompAction::Trap)});
  config.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  auto plan = planned(config);
  constexpr long kOpenat2 = 437;  // the same everywhere since Linux 5.1
  for (std::uint32_t arch : {std::uint32_t{AUDIT_ARCH_X86_64}, std::uint32_t{AUDIT_ARCH_I386}}) {
    CAPTURE(arch);
    auto of = [&](long number) { return verdict(plan, number, {}, arch); };
    CHECK(of(kOpenat2) == SECCOMP_RET_TRAP);
    CHECK(of(kOpenat2 - 1) == refusal(EPERM));
    CHECK(of(kOpenat2 + 1) == refusal(ENOSYS));
    CHECK(of(5000) == refusal(ENOSYS));
  }
  CHECK(verdict(plan, kX32Bit + kOpenat2) == SECCOMP_RET_TRAP);
  CHECK(verdict(plan, kX32Bit + kOpenat2 + 200) == refusal(ENOSYS));
  CHECK(verdict(plan, 5000, {}, AUDIT_ARCH_ARM) == SECCOMP_RET_KILL_THREAD);

  config.architectures.clear();
  CHECK(verdict(planned(config), 5000) == refusal(ENOSYS));
  CHECK(verdict(planned(config), kX32Bit + 5000) == SECCOMP_RET_KILL_THREAD);
}
#endif

TEST_CASE("new calls are left to a default action that lets them pass") {
  for (auto action : {SeccompAction::Allow, SeccompAction::Log, SeccompAction::Trace}) {
    auto plan = planned(profile(action, {rule({"getpid"}, SeccompAction::Trap)}));
    CHECK(verdict(plan, 5000) != refusal(ENOSYS));
  }
  for (auto action : {SeccompAction::Kill, SeccompAction::KillProcess, SeccompAction::Trap}) {
    auto plan = planned(profile(action, {rule({"getpid"}, SeccompAction::Allow)}));
    CHECK(verdict(plan, 5000) == refusal(ENOSYS));
  }
}

TEST_CASE("a profile that names no call keeps its default for all") {
  CHECK(verdict(planned(profile(SeccompAction::Errno)), 5000) == refusal(EPERM));
  CHECK(verdict(planned(profile(SeccompAction::Allow)), SYS_read) == SECCOMP_RET_ALLOW);
}

TEST_CASE("on s390 call 0 stands for every unknown one") {
  auto stub = plan::enosys_stub({{AUDIT_ARCH_S390X, false, 400}, {AUDIT_ARCH_ARM, false, 300}});
  stub.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
  plan::SeccompPlan plan;
  plan.program = stub;
  CHECK(verdict(plan, 0, {}, AUDIT_ARCH_S390X) == refusal(ENOSYS));
  CHECK(verdict(plan, 400, {}, AUDIT_ARCH_S390X) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, 401, {}, AUDIT_ARCH_S390X) == refusal(ENOSYS));
  CHECK(verdict(plan, 0, {}, AUDIT_ARCH_ARM) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, 301, {}, AUDIT_ARCH_ARM) == refusal(ENOSYS));
  CHECK(verdict(plan, 301) == SECCOMP_RET_ALLOW);
}

TEST_CASE("the stub knows x32 calls without the others, and the others without x32") {
  auto run = [](const std::vector<plan::NewestCall>& newest, std::uint32_t number) {
    plan::SeccompPlan plan;
    plan.program = plan::enosys_stub(newest);
    plan.program.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    return verdict(plan, static_cast<long>(number), {}, AUDIT_ARCH_X86_64);
  };
  std::vector<plan::NewestCall> x32{{AUDIT_ARCH_X86_64, true, kX32Bit + 10}};
  CHECK(run(x32, kX32Bit + 10) == SECCOMP_RET_ALLOW);
  CHECK(run(x32, kX32Bit + 11) == refusal(ENOSYS));
  CHECK(run(x32, 11) == SECCOMP_RET_ALLOW);
  std::vector<plan::NewestCall> own{{AUDIT_ARCH_X86_64, false, 10}};
  CHECK(run(own, kX32Bit + 11) == SECCOMP_RET_ALLOW);
  CHECK(run(own, 10) == SECCOMP_RET_ALLOW);
  CHECK(run(own, 11) == refusal(ENOSYS));
}

TEST_CASE("absent flags mean SPEC_ALLOW where the kernel has it, an empty list means none") {
  auto config = profile(SeccompAction::Allow);
  constexpr unsigned kTsync = 1, kLog = 2, kSpecAllow = 4;
  CHECK(planned(config).flags == kSpecAllow);
  CHECK(plan::seccomp(config, true, {}).value().flags == 0);
  config.flags.emplace();
  CHECK(planned(config).flags == 0);
  config.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"};
  CHECK(planned(config).flags == (kTsync | kLog));
}

TEST_CASE("a flag that this kernel or that nobody knows is refused by name") {
  auto config = profile(SeccompAction::Allow);
  config.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  auto old = plan::seccomp(config, true, {.flags = 7});
  REQUIRE(!old);
  CHECK(old.error().kind() == base::Kind::Unsupported);
  CHECK(old.error().text() ==
        "linux.seccomp.flags[1]: this kernel does not know SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
  config.flags = {"SECCOMP_FILTER_FLAG_FAST"};
  auto unknown = plan::seccomp(config, true, kHost);
  REQUIRE(!unknown);
  CHECK(unknown.error().kind() == base::Kind::Config);
}

TEST_CASE("the filter is early exactly when there is no no_new_privs") {
  CHECK(planned(profile(SeccompAction::Allow), false).early);
  CHECK(!planned(profile(SeccompAction::Allow), true).early);
}

TEST_CASE("calls that nobody knows are left out with a warning") {
  auto plan = planned(
      profile(SeccompAction::Allow, {rule({"getpid", "frobnicate"}, SeccompAction::Errno)}));
  CHECK(verdict(plan, SYS_getpid) == refusal(EPERM));
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].ends_with(": frobnicate"));
  CHECK(planned(profile(SeccompAction::Allow)).warnings.empty());
}

TEST_CASE("an architecture that the library does not know is unsupported, by name") {
  auto config = profile(SeccompAction::Allow);
  config.architectures = {"SCMP_ARCH_FROB"};
  auto plan = plan::seccomp(config, true, kHost);
  REQUIRE(!plan);
  CHECK(plan.error().kind() == base::Kind::Unsupported);
  CHECK(plan.error().text().find("linux.seccomp.architectures[0]") == 0);
}

TEST_CASE("a notifying profile asks for a listener, without TSYNC") {
  auto config = profile(SeccompAction::Allow, {rule({"getpid"}, SeccompAction::Notify)});
  config.listener_path = "/run/agent.sock";
  config.listener_metadata = "m";
  config.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  auto plan = planned(config);
  CHECK(plan.notify);
  CHECK(plan.flags == (SECCOMP_FILTER_FLAG_NEW_LISTENER | (1U << 5)));
  CHECK(plan.listener_path == "/run/agent.sock");
  CHECK(plan.listener_metadata == "m");
  CHECK(verdict(plan, SYS_getpid) == SECCOMP_RET_USER_NOTIF);
}

TEST_CASE("without a notifying rule the listener's members mean nothing") {
  auto config = profile(SeccompAction::Allow, {rule({"getpid"}, SeccompAction::Errno)});
  config.listener_path = "/run/agent.sock";
  config.flags = {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  auto plan = planned(config);
  CHECK(!plan.notify);
  CHECK(plan.flags == 0);
  CHECK(plan.listener_path.empty());
}

TEST_CASE("a filter longer than the kernel takes is refused") {
  auto config = profile(SeccompAction::Allow, {rule({"getpid"}, SeccompAction::Errno)});
  for (std::uint64_t i = 0; i < 3000; ++i)
    config.syscalls[0].args.push_back({.value = (i << 33) + i});
  auto plan = plan::seccomp(config, true, kHost);
  REQUIRE(!plan);
  CHECK(plan.error().kind() == base::Kind::Config);
  CHECK(plan.error().text().find("takes at most 4096") != std::string::npos);
}

TEST_CASE("the agent learns who is calling") {
  spec::State state;
  state.id = "c1";
  state.pid = 42;
  state.bundle = "/b";
  CHECK(plan::container_process_state(state, "x=\"y\"") ==
        R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":42,"metadata":"x=\"y\"",)"
        R"("state":{"ociVersion":"1.3.0","id":"c1","status":"creating","pid":42,"bundle":"/b"}})");
  CHECK(plan::container_process_state(state, "").find("metadata") == std::string::npos);
}

TEST_CASE("the default profile lets programs work and keeps them from the machine") {
  auto plan = planned(spec::default_seccomp({"CAP_CHOWN", "CAP_SYS_CHROOT"}));
  CHECK(plan.program.size() < 2000);
  for (auto number : {SYS_read, SYS_write, SYS_execve, SYS_mmap, SYS_openat, SYS_clone, SYS_chroot,
                      SYS_ptrace, SYS_personality, SYS_exit_group})
    CHECK(verdict(plan, number) == SECCOMP_RET_ALLOW);
  for (auto number : {SYS_mount, SYS_reboot, SYS_init_module, SYS_bpf, SYS_unshare, SYS_setns,
                      SYS_keyctl, SYS_kexec_load, SYS_userfaultfd, SYS_perf_event_open})
    CHECK(verdict(plan, number) == refusal(EPERM));
  CHECK(verdict(plan, SYS_clone, {0x10000000}) == refusal(EPERM));  // CLONE_NEWUSER
  CHECK(verdict(plan, SYS_clone, {0x00010f00}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_clone3) == refusal(ENOSYS));
  CHECK(verdict(plan, SYS_socket, {2}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_socket, {40}) == refusal(EPERM));
  CHECK(verdict(plan, SYS_personality, {0x20008}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(plan, SYS_personality, {0x40000}) == refusal(EPERM));
  CHECK(verdict(plan, 5000) == refusal(ENOSYS));
  auto admin = planned(spec::default_seccomp({"CAP_SYS_ADMIN"}));
  for (auto number : {SYS_mount, SYS_clone, SYS_clone3, SYS_unshare, SYS_bpf})
    CHECK(verdict(admin, number, {0x10000000}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(admin, SYS_chroot) == refusal(EPERM));
}
