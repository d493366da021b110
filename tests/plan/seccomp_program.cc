// Our filters against those of libseccomp, on the same rules and the same calls.
#include "plan/seccomp_program.h"

#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

#include "base/fd.h"
#include "bpf.h"
#include "plan/seccomp.h"
#include "spec/default_seccomp.h"

using Program = std::vector<base::kernel::SockFilter>;
using spec::SeccompAction;
using spec::SeccompOperator;

namespace {

scmp_compare comparison(SeccompOperator op) {
  switch (op) {
    case SeccompOperator::NotEqual:
      return SCMP_CMP_NE;
    case SeccompOperator::LessThan:
      return SCMP_CMP_LT;
    case SeccompOperator::LessOrEqual:
      return SCMP_CMP_LE;
    case SeccompOperator::Equal:
      return SCMP_CMP_EQ;
    case SeccompOperator::GreaterOrEqual:
      return SCMP_CMP_GE;
    case SeccompOperator::GreaterThan:
      return SCMP_CMP_GT;
    case SeccompOperator::MaskedEqual:
      return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

// A profile with default action TRACE and one other action, by libseccomp.
Program by_libseccomp(const spec::Seccomp& config, std::uint32_t action) {
  std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_TRACE(1)), seccomp_release);
  for (const auto& word : config.architectures) {
    std::uint32_t token = SCMP_ARCH_NATIVE;
    if (word == "SCMP_ARCH_X86") token = SCMP_ARCH_X86;
    if (word == "SCMP_ARCH_X32") token = SCMP_ARCH_X32;
    if (word == "SCMP_ARCH_ARM") token = SCMP_ARCH_ARM;
    if (token != SCMP_ARCH_NATIVE) REQUIRE(seccomp_arch_add(filter.get(), token) == 0);
  }
  for (const auto& rule : config.syscalls) {
    for (const auto& name : rule.names) {
      int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      std::vector<scmp_arg_cmp> conditions;
      for (const auto& arg : rule.args)
        conditions.push_back({arg.index, comparison(arg.op), arg.value, arg.value_two});
      int code =
          seccomp_rule_add_array(filter.get(), action, number,
                                 static_cast<unsigned>(conditions.size()), conditions.data());
      REQUIRE((code == 0 || code == -EEXIST));
    }
  }
  base::Fd file(::memfd_create("filter", MFD_CLOEXEC));
  REQUIRE(seccomp_export_bpf(filter.get(), file.raw()) == 0);
  Program program(static_cast<std::size_t>(::lseek(file.raw(), 0, SEEK_END)) /
                  sizeof(base::kernel::SockFilter));
  REQUIRE(::pread(file.raw(), program.data(), program.size() * 8, 0) > 0);
  return program;
}

Program by_us(const spec::Seccomp& config) {
  auto plan = plan::seccomp(config, true, {});
  REQUIRE(plan);
  return plan.value().program;
}

// Both programs on this call.
bool same(const Program& ours, const Program& theirs, const seccomp_data& data) {
  auto one = tests::Bpf::run(ours, data), other = tests::Bpf::run(theirs, data);
  INFO("arch " << data.arch << " call " << data.nr << " args " << data.args[0] << " "
               << data.args[1] << " " << data.args[2] << " ours " << one.value_or(1) << " theirs "
               << other.value_or(1));
  bool equal = one && one == other;
  if (!equal) CHECK(equal);
  return equal;
}

constexpr std::uint32_t kArchs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM,
                                    AUDIT_ARCH_AARCH64, AUDIT_ARCH_S390X};
constexpr std::uint64_t kValues[] = {0,
                                     1,
                                     2,
                                     3,
                                     4,
                                     5,
                                     8,
                                     11,
                                     14,
                                     23,
                                     40,
                                     0x20000,
                                     0x20008,
                                     0x7e020000,
                                     0x10000000,
                                     0x7fffffff,
                                     0x80000000,
                                     0xfffffffe,
                                     0xffffffff,
                                     0x100000000,
                                     0x100000001,
                                     0x180000000,
                                     0x1ffffffff,
                                     0x200000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xffffffffffffffff};

bool same_everywhere(const Program& ours, const Program& theirs, std::mt19937_64& random,
                     int samples) {
  auto value = [&] { return kValues[random() % std::size(kValues)]; };
  for (auto arch : kArchs) {
    for (std::uint32_t family : {0U, 1U << 30}) {
      for (std::uint32_t number = 0; number < 600; ++number) {
        for (int i = 0; i < samples; ++i) {
          seccomp_data data{};
          data.arch = arch;
          data.nr = static_cast<int>(family + number);
          bool narrow = arch == AUDIT_ARCH_I386 || arch == AUDIT_ARCH_ARM;
          for (auto& arg : data.args) arg = narrow ? value() & 0xffffffff : value();
          if (!same(ours, theirs, data)) return false;
        }
      }
    }
    for (std::uint32_t number : {0x3fffffffU, 0x7fffffffU, 0x80000000U, 0xfffffffeU, 0xffffffffU}) {
      seccomp_data data{};
      data.arch = arch;
      data.nr = static_cast<int>(number);
      if (!same(ours, theirs, data)) return false;
    }
  }
  return true;
}

#if defined(__x86_64__)
const std::vector<std::vector<std::string>> kArchitectures = {{},
                                                              {"SCMP_ARCH_X86"},
                                                              {"SCMP_ARCH_X32"},
                                                              {"SCMP_ARCH_X86", "SCMP_ARCH_X32"},
                                                              {"SCMP_ARCH_ARM"}};
#else
const std::vector<std::vector<std::string>> kArchitectures = {{}, {"SCMP_ARCH_ARM"}};
#endif

}  // namespace

TEST_CASE("the default profile means to us what it means to libseccomp") {
  std::mt19937_64 random(1);
  for (const auto& capabilities : std::vector<std::vector<std::string>>{{}, {"CAP_SYS_ADMIN"}}) {
    auto config = spec::default_seccomp(capabilities);
    config.default_action = SeccompAction::Trace;
    for (auto& rule : config.syscalls) {
      rule.action = SeccompAction::Allow;
      rule.errno_ret.reset();
    }
    auto ours = by_us(config), theirs = by_libseccomp(config, SCMP_ACT_ALLOW);
    CHECK(ours.size() < theirs.size());
    CHECK(same_everywhere(ours, theirs, random, 4));
  }
}

namespace {

constexpr const char* kNames[] = {
    "read",       "socket",  "connect", "accept",       "recvmmsg", "sendmmsg",   "semop",
    "semget",     "shmat",   "msgget",  "clone",        "clone3",   "openat2",    "personality",
    "mmap",       "mmap2",   "stat64",  "time",         "lseek",    "semtimedop", "_llseek",
    "arch_prctl", "set_tls", "writev",  "rt_sigaction", "execve",   "ptrace",     "futex_time64"};

// Rules with random conditions on up to three arguments; each name in one rule, or in any number.
spec::Seccomp random_profile(std::mt19937_64& random, bool once) {
  auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  spec::Seccomp config;
  config.default_action = SeccompAction::Trace;
  config.architectures = kArchitectures[pick(kArchitectures.size())];
  std::set<std::string> used;
  for (std::size_t left = pick(12); left > 0; --left) {
    spec::SeccompRule rule;
    rule.action = SeccompAction::Errno;
    for (std::size_t names = 1 + pick(4); names > 0; --names) {
      std::string name = kNames[pick(std::size(kNames))];
      if (used.insert(name).second || !once) rule.names.push_back(name);
    }
    for (std::uint32_t index = 0; index < 3; ++index) {
      if (pick(3) != 0) continue;
      rule.args.push_back({.index = index,
                           .value = kValues[pick(std::size(kValues))],
                           .value_two = kValues[pick(std::size(kValues))],
                           .op = static_cast<SeccompOperator>(pick(7))});
    }
    config.syscalls.push_back(std::move(rule));
  }
  return config;
}

// The definition: whether the condition holds.
bool holds(const spec::SeccompArgument& one, std::uint64_t argument) {
  switch (one.op) {
    case SeccompOperator::NotEqual:
      return argument != one.value;
    case SeccompOperator::LessThan:
      return argument < one.value;
    case SeccompOperator::LessOrEqual:
      return argument <= one.value;
    case SeccompOperator::Equal:
      return argument == one.value;
    case SeccompOperator::GreaterOrEqual:
      return argument >= one.value;
    case SeccompOperator::GreaterThan:
      return argument > one.value;
    case SeccompOperator::MaskedEqual:
      return (argument & one.value) == (one.value_two & one.value);
  }
  return false;
}

}  // namespace

// Where rules for one call overlap, libseccomp 2.5 takes the first argument that fits and does not
// come back for the other rules; so here every name is in one rule.
TEST_CASE("a profile of one action means to us what it means to libseccomp") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    auto config = random_profile(random, true);
    auto ours = by_us(config), theirs = by_libseccomp(config, SCMP_ACT_ERRNO(1));
    if (!same_everywhere(ours, theirs, random, 2)) break;
  }
}

TEST_CASE("a call gets the action when all conditions of any of its rules hold") {
  std::mt19937_64 random(11);
  int matches = 0;
  for (int round = 0; round < 100; ++round) {
    auto config = random_profile(random, false);
    auto program = by_us(config);
    for (int i = 0; i < 1000; ++i) {
      seccomp_data data{};
      data.arch = seccomp_arch_native();
      const auto* name = kNames[random() % std::size(kNames)];
      data.nr = seccomp_syscall_resolve_name(name);
      if (data.nr < 0) continue;
      for (auto& arg : data.args) arg = kValues[random() % std::size(kValues)];
      bool any = false;
      for (const auto& rule : config.syscalls) {
        bool all = std::find(rule.names.begin(), rule.names.end(), name) != rule.names.end();
        for (const auto& one : rule.args) all = all && holds(one, data.args[one.index]);
        any = any || all;
      }
      matches += any;
      if (tests::Bpf::run(program, data) != (any ? SCMP_ACT_ERRNO(1) : SCMP_ACT_TRACE(1)))
        FAIL("round " << round << ": " << name << " is treated in another way");
    }
  }
  CHECK(matches > 1000);
}

TEST_CASE("rules that contradict one another are left to libseccomp") {
  plan::ProgramRules rules;
  rules.architectures = {
      {.audit_arch = AUDIT_ARCH_X86_64,
       .rules = {{7, SECCOMP_RET_ALLOW, {{.value = 1}}}, {7, SECCOMP_RET_TRAP, {{.value = 2}}}}}};
  CHECK(!plan::seccomp_program(rules));
  rules.architectures[0].rules[1].action = SECCOMP_RET_ALLOW;
  CHECK(plan::seccomp_program(rules));

  spec::Seccomp config;
  spec::SeccompRule rule;
  rule.names = {"lseek"};
  rule.action = SeccompAction::Trap;
  rule.args = {{.value = 1}};
  config.syscalls.push_back(rule);
  rule.action = SeccompAction::Errno;
  rule.args = {{.value = 2}};
  config.syscalls.push_back(rule);
  auto program = by_us(config);
  seccomp_data data{};
  data.arch = kArchs[0];
#if defined(__aarch64__)
  data.arch = AUDIT_ARCH_AARCH64;
#endif
  data.nr = seccomp_syscall_resolve_name("lseek");
  data.args[0] = 1;
  CHECK(tests::Bpf::run(program, data) == SECCOMP_RET_TRAP);
  data.args[0] = 2;
  CHECK(tests::Bpf::run(program, data) == (SECCOMP_RET_ERRNO | 1U));
  data.args[0] = 3;
  CHECK(tests::Bpf::run(program, data) == SECCOMP_RET_ALLOW);
}
