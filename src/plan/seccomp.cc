#include "plan/seccomp.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "base/fd.h"
#include "base/json.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_stub.h"

namespace plan {

using base::cat;
using base::Result;
using base::Status;
using base::kernel::SockFilter;
using spec::SeccompAction;

namespace {

// One rule for one name; the numbers are in Rules.
struct Rule {
  std::uint32_t action = 0;  // SCMP_ACT_…, which are SECCOMP_RET_…
  std::span<const spec::SeccompArgument> args{};
  const char* name = nullptr;
};
// What compiling needs, every name resolved once for each architecture.
struct Rules {
  std::uint32_t default_action = 0;
  std::vector<Rule> rules{};
  std::vector<std::uint32_t> architectures{};  // SCMP_ARCH_…, the native one first
  // For each architecture, for each rule: the number, or libseccomp's negative stand-in for a call
  // that the architecture has in another way or not at all.
  std::vector<std::vector<int>> numbers{};
};

// libseccomp's words for actions. The specification's checks have seen to it that only actions
// with a number have one.
std::uint32_t action_value(SeccompAction action, std::optional<std::uint32_t> errno_ret) {
  auto number = errno_ret.value_or(EPERM);
  switch (action) {
    case SeccompAction::Kill:
    case SeccompAction::KillThread:
      return SCMP_ACT_KILL_THREAD;
    case SeccompAction::KillProcess:
      return SCMP_ACT_KILL_PROCESS;
    case SeccompAction::Trap:
      return SCMP_ACT_TRAP;
    case SeccompAction::Errno:
      return SCMP_ACT_ERRNO(number);
    case SeccompAction::Trace:
      return SCMP_ACT_TRACE(number);
    case SeccompAction::Allow:
      return SCMP_ACT_ALLOW;
    case SeccompAction::Log:
      return SCMP_ACT_LOG;
    case SeccompAction::Notify:
      return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_PROCESS;
}

scmp_arg_cmp comparison(const spec::SeccompArgument& arg) {
  scmp_arg_cmp out{};
  out.arg = arg.index;
  out.datum_a = arg.value;
  out.datum_b = arg.value_two;
  switch (arg.op) {
    case spec::SeccompOperator::NotEqual:
      out.op = SCMP_CMP_NE;
      break;
    case spec::SeccompOperator::LessThan:
      out.op = SCMP_CMP_LT;
      break;
    case spec::SeccompOperator::LessOrEqual:
      out.op = SCMP_CMP_LE;
      break;
    case spec::SeccompOperator::Equal:
      out.op = SCMP_CMP_EQ;
      break;
    case spec::SeccompOperator::GreaterOrEqual:
      out.op = SCMP_CMP_GE;
      break;
    case spec::SeccompOperator::GreaterThan:
      out.op = SCMP_CMP_GT;
      break;
    case spec::SeccompOperator::MaskedEqual:
      out.op = SCMP_CMP_MASKED_EQ;
      break;
  }
  return out;
}

Result<std::vector<std::uint32_t>> architectures(const spec::Seccomp& config) {
  std::vector<std::uint32_t> out{seccomp_arch_native()};
  for (std::size_t i = 0; i < config.architectures.size(); ++i) {
    std::string_view word = config.architectures[i];
    constexpr std::string_view kPrefix = "SCMP_ARCH_";
    std::string name(word.substr(word.starts_with(kPrefix) ? kPrefix.size() : 0));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    auto token = seccomp_arch_resolve_name(name.c_str());
    if (token == 0)
      return base::unsupported("linux.seccomp.architectures[", i, "]: libseccomp ",
                               libseccomp_version(), " does not know ", base::quote(word));
    if (std::find(out.begin(), out.end(), token) == out.end()) out.push_back(token);
  }
  return out;
}

base::Error refused(int code, std::string_view what) {
  return base::Error(base::Kind::Config, -code, cat(what, ": ", ::strerror(-code)));
}

// Names that no architecture of libseccomp knows go to `unknown`.
Result<Rules> resolve(const spec::Seccomp& config, std::vector<std::string>& unknown) {
  Rules out;
  out.default_action = action_value(config.default_action, config.default_errno_ret);
  out.architectures = TRY(architectures(config));
  out.numbers.resize(out.architectures.size());
  for (const auto& rule : config.syscalls) {
    auto action = action_value(rule.action, rule.errno_ret);
    for (const auto& name : rule.names) {
      int native = seccomp_syscall_resolve_name(name.c_str());
      if (native == __NR_SCMP_ERROR) {
        unknown.push_back(name);
        continue;
      }
      out.rules.push_back({action, rule.args, name.c_str()});
      out.numbers[0].push_back(native);
      for (std::size_t i = 1; i < out.architectures.size(); ++i)
        out.numbers[i].push_back(
            seccomp_syscall_resolve_name_arch(out.architectures[i], name.c_str()));
    }
  }
  return out;
}

// The calls that the profile names last, for each of its architectures.
std::vector<NewestCall> newest_calls(const Rules& rules) {
  std::vector<NewestCall> out;
  for (std::size_t i = 0; i < rules.architectures.size(); ++i) {
    const auto& numbers = rules.numbers[i];
    auto newest = std::max_element(numbers.begin(), numbers.end());
    if (newest == numbers.end() || *newest <= 0) continue;
    bool x32 = rules.architectures[i] == SCMP_ARCH_X32;
    out.push_back({x32 ? std::uint32_t{SCMP_ARCH_X86_64} : rules.architectures[i], x32,
                   static_cast<std::uint32_t>(*newest)});
  }
  return out;
}

// Whether a call that nobody thought of would be refused. A tracer is expected to know what it
// does with new calls.
bool refuses(std::uint32_t action) {
  return action != SCMP_ACT_ALLOW && action != SCMP_ACT_LOG &&
         (action & 0xffff0000U) != SCMP_ACT_TRACE(0U) && action != SCMP_ACT_ERRNO(ENOSYS);
}

// The ways of i386 into a call that its libseccomp number only stands for: socketcall(2) or ipc(2)
// with this first argument, and since Linux 4.3 directly. man: socketcall(2), ipc(2)
struct Multiplexed {
  int stand_in = 0;
  std::uint32_t direct = 0;  // 0: there is none
};
constexpr std::uint32_t kI386Socketcall = 102, kI386Ipc = 117;
constexpr int kSocketcalls = -100, kIpcs = -200;  // stand-in = this - the first argument
constexpr auto kI386Multiplexed = std::to_array<Multiplexed>(
    {{-101, 359}, {-102, 361}, {-103, 362}, {-104, 363}, {-105, 0},   {-106, 367}, {-107, 368},
     {-108, 360}, {-109, 0},   {-110, 0},   {-111, 369}, {-112, 371}, {-113, 373}, {-114, 366},
     {-115, 365}, {-116, 370}, {-117, 372}, {-118, 364}, {-119, 337}, {-120, 345}, {-201, 0},
     {-202, 393}, {-203, 394}, {-204, 0},   {-211, 400}, {-212, 401}, {-213, 399}, {-214, 402},
     {-221, 397}, {-222, 398}, {-223, 395}, {-224, 396}});

void add_multiplexed(std::vector<NumberedRule>& out, int number, NumberedRule rule) {
  for (const auto& row : kI386Multiplexed) {
    if (row.stand_in != number) continue;
    if (row.direct != 0) {
      rule.number = row.direct;
      out.push_back(rule);
    }
    bool ipc = number < kIpcs;
    rule.number = ipc ? kI386Ipc : kI386Socketcall;
    // Its own first argument is behind a pointer, where a filter does not see it.
    std::erase_if(rule.conditions, [](const auto& one) { return one.index == 0; });
    rule.conditions.push_back(
        {.value = static_cast<std::uint64_t>((ipc ? kIpcs : kSocketcalls) - number)});
    out.push_back(std::move(rule));
    return;
  }
}

// One rule is a conjunction with at most one condition for each argument. Several conditions for
// one argument are each a rule of its own (compat: as runc and crun read such profiles).
std::vector<std::span<const spec::SeccompArgument>> conjunctions(
    std::span<const spec::SeccompArgument> args) {
  unsigned seen = 0;
  bool repeated = false;
  for (const auto& arg : args) {
    repeated |= (seen >> arg.index & 1) != 0;
    seen |= 1U << arg.index;
  }
  if (!repeated) return {args};
  std::vector<std::span<const spec::SeccompArgument>> out;
  for (std::size_t i = 0; i < args.size(); ++i) out.push_back(args.subspan(i, 1));
  return out;
}

// What a filter of our own making does for these architectures; nothing for rarer ones, whose
// calling conventions libseccomp knows.
std::optional<ProgramRules> numbered(const Rules& rules) {
  ProgramRules out;
  out.default_action = rules.default_action;
  out.other_architecture = SCMP_ACT_KILL_THREAD;
  for (std::size_t i = 0; i < rules.architectures.size(); ++i) {
    auto arch = rules.architectures[i];
    ArchitectureRules family;
    family.x32 = arch == SCMP_ARCH_X32;
    family.audit_arch = family.x32 ? std::uint32_t{SCMP_ARCH_X86_64} : arch;
    family.wide = arch == SCMP_ARCH_X86_64 || arch == SCMP_ARCH_AARCH64;
    if (!family.wide && !family.x32 && arch != SCMP_ARCH_X86 && arch != SCMP_ARCH_ARM)
      return std::nullopt;
    for (std::size_t k = 0; k < rules.rules.size(); ++k) {
      const auto& rule = rules.rules[k];
      int number = rules.numbers[i][k];
      if (rule.action == rules.default_action) continue;
      for (auto all : conjunctions(rule.args)) {
        NumberedRule one{0, rule.action, {all.begin(), all.end()}};
        if (number >= 0) {
          one.number = static_cast<std::uint32_t>(number);
          family.rules.push_back(std::move(one));
        } else if (arch == SCMP_ARCH_X86) {
          add_multiplexed(family.rules, number, std::move(one));
        }
      }
    }
    out.architectures.push_back(std::move(family));
  }
  return out;
}

using Context = std::unique_ptr<void, void (*)(void*)>;

Status add_rule(const Context& filter, const Rule& rule, int number) {
  for (auto all : conjunctions(rule.args)) {
    std::vector<scmp_arg_cmp> conditions;
    for (const auto& arg : all) conditions.push_back(comparison(arg));
    int code = seccomp_rule_add_array(filter.get(), rule.action, number,
                                      static_cast<unsigned>(conditions.size()), conditions.data());
    if (code < 0 && code != -EEXIST)
      return refused(code, cat("rule for ", std::string_view(rule.name)));
  }
  return {};
}

// libseccomp 2.5 writes programs to descriptors only: the one thing that is not pure here.
Result<std::vector<SockFilter>> exported(const Context& filter) {
  base::Fd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) return base::Error::from_errno(errno, "memfd_create");
  int code = seccomp_export_bpf(filter.get(), file.raw());
  if (code < 0) return refused(code, "seccomp_export_bpf");
  auto size = ::lseek(file.raw(), 0, SEEK_END);
  std::vector<SockFilter> program(static_cast<std::size_t>(std::max<off_t>(size, 0)) /
                                  sizeof(SockFilter));
  auto bytes = program.size() * sizeof(SockFilter);
  if (::pread(file.raw(), program.data(), bytes, 0) != static_cast<ssize_t>(bytes))
    return base::Error::from_errno(errno, "pread");
  return program;
}

// libseccomp needs some 20 ms for Docker's default profile, more than all else that starts a
// container; ours 0.3, measured beside it.
Result<std::vector<SockFilter>> compile(const Rules& rules) {
  if (auto ours = numbered(rules))
    if (auto program = seccomp_program(*ours)) return *std::move(program);

  // Level 6 is what every kernel that we run on has; said here, libseccomp need not ask.
  (void)seccomp_api_set(6);
  Context filter(seccomp_init(rules.default_action), seccomp_release);
  if (!filter) return base::config_error("linux.seccomp.defaultAction: libseccomp refuses it");
  for (auto arch : rules.architectures) {
    int code =
        seccomp_arch_exist(filter.get(), arch) == 0 ? 0 : seccomp_arch_add(filter.get(), arch);
    if (code < 0) return refused(code, cat("architecture ", arch));
  }
  // A binary tree over the numbers in place of a chain; below a few dozen it is no gain, and
  // 2.5.4 fails on an empty one.
  if (rules.rules.size() > 32) (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (std::size_t i = 0; i < rules.rules.size(); ++i)
    // What is the default anyway libseccomp refuses as a rule.
    if (rules.rules[i].action != rules.default_action)
      TRY(add_rule(filter, rules.rules[i], rules.numbers[0][i]));
  return exported(filter);
}

Result<unsigned> filter_flags(const spec::Seccomp& config, const SeccompHost& host) {
  unsigned spec_allow = *base::value_of(kSeccompFlags, "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
  // compat: a profile without the member gets what runc and crun give; an empty list gets nothing.
  if (!config.flags) return host.flags & spec_allow;
  unsigned out = 0;
  for (std::size_t i = 0; i < config.flags->size(); ++i) {
    const auto& word = (*config.flags)[i];
    auto flag = base::value_of(kSeccompFlags, word);
    if (!flag)
      return base::config_error("linux.seccomp.flags[", i, "]: unknown flag ", base::quote(word));
    if (!(host.flags & *flag))
      return base::unsupported("linux.seccomp.flags[", i, "]: this kernel does not know ", word);
    out |= *flag;
  }
  return out;
}

}  // namespace

Result<SeccompPlan> seccomp(const spec::Seccomp& config, bool no_new_privileges,
                            const SeccompHost& host) {
  SeccompPlan plan;
  std::vector<std::string> unknown;
  auto rules = TRY(resolve(config, unknown));
  if (!unknown.empty())
    plan.warnings.push_back(cat("linux.seccomp: libseccomp ", libseccomp_version(),
                                " does not know these system calls, their rules are left out: ",
                                base::join(unknown, ", ")));
  if (refuses(rules.default_action)) plan.program = enosys_stub(newest_calls(rules));
  auto body = TRY(compile(rules), "linux.seccomp");
  plan.program.insert(plan.program.end(), body.begin(), body.end());
  if (plan.program.size() > BPF_MAXINSNS)
    return base::config_error("linux.seccomp: the filter has ", plan.program.size(),
                              " instructions, and the kernel takes at most ", BPF_MAXINSNS);

  plan.flags = TRY(filter_flags(config, host));
  plan.early = !no_new_privileges;
  plan.notify = std::any_of(rules.rules.begin(), rules.rules.end(),
                            [](const Rule& rule) { return rule.action == SCMP_ACT_NOTIFY; });
  unsigned tsync = 1U << 0, new_listener = 1U << 3, wait_killable = 1U << 5;
  if (plan.notify) {
    // TSYNC would also catch the thread that hands the listener over (apply/seccomp.h), the only
    // one besides the thread that loads.
    plan.flags = (plan.flags & ~tsync) | new_listener;
    plan.listener_path = config.listener_path;
    plan.listener_metadata = config.listener_metadata;
  } else {
    // man: seccomp(2): EINVAL without a listener, to which alone it has a meaning.
    plan.flags &= ~wait_killable;
  }
  return plan;
}

std::string container_process_state(const spec::State& state, const std::string& metadata) {
  base::Json out = base::Json::object();
  out.set("ociVersion", spec::kSpecVersion);
  out.set("fds", std::vector<std::string>{"seccompFd"});
  out.set("pid", state.pid);
  out.set_some("metadata", metadata);
  out.set("state", spec::write_state(state));
  return base::dump(out);
}

std::string libseccomp_version() {
  const auto* version = seccomp_version();
  return cat(version->major, ".", version->minor, ".", version->micro);
}

}  // namespace plan
