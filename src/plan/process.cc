#include "plan/process.h"

#include <linux/ioprio.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/named.h"

namespace plan {
namespace {

using base::Named;
using base::Result;
using base::Status;

constexpr std::array<Named<int>, 16> kRlimits{{{"RLIMIT_CPU", RLIMIT_CPU},
                                               {"RLIMIT_FSIZE", RLIMIT_FSIZE},
                                               {"RLIMIT_DATA", RLIMIT_DATA},
                                               {"RLIMIT_STACK", RLIMIT_STACK},
                                               {"RLIMIT_CORE", RLIMIT_CORE},
                                               {"RLIMIT_RSS", RLIMIT_RSS},
                                               {"RLIMIT_NPROC", RLIMIT_NPROC},
                                               {"RLIMIT_NOFILE", RLIMIT_NOFILE},
                                               {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
                                               {"RLIMIT_AS", RLIMIT_AS},
                                               {"RLIMIT_LOCKS", RLIMIT_LOCKS},
                                               {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
                                               {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
                                               {"RLIMIT_NICE", RLIMIT_NICE},
                                               {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
                                               {"RLIMIT_RTTIME", RLIMIT_RTTIME}}};

// <linux/sched.h> and glibc's <sched.h> clash, so the few numbers stand here. man: sched(7)
constexpr std::array<Named<std::uint32_t>, 7> kPolicies{{{"SCHED_OTHER", 0},
                                                         {"SCHED_FIFO", 1},
                                                         {"SCHED_RR", 2},
                                                         {"SCHED_BATCH", 3},
                                                         {"SCHED_ISO", 4},
                                                         {"SCHED_IDLE", 5},
                                                         {"SCHED_DEADLINE", 6}}};
// man: sched_setattr(2)
constexpr std::array<Named<std::uint64_t>, 7> kSchedulerFlags{
    {{"SCHED_FLAG_RESET_ON_FORK", 0x01},
     {"SCHED_FLAG_RECLAIM", 0x02},
     {"SCHED_FLAG_DL_OVERRUN", 0x04},
     {"SCHED_FLAG_KEEP_POLICY", 0x08},
     {"SCHED_FLAG_KEEP_PARAMS", 0x10},
     {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
     {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}}};
constexpr std::array<Named<int>, 3> kIoClasses{{{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
                                                {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
                                                {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}}};
constexpr unsigned long kPersonalityLinux = 0x0000;
constexpr unsigned long kPersonalityLinux32 = 0x0008;

std::optional<int> capability_number(const std::string& name) {
  if (!name.starts_with("CAP_")) return std::nullopt;
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  cap_value_t number = 0;
  if (::cap_from_name(lower.c_str(), &number) < 0) return std::nullopt;
  return number;
}

// The bits of these names, less what cannot be granted; each such thing is warned of once.
std::uint64_t mask(const std::vector<std::string>& names, const Host& host,
                   std::vector<std::string>& warnings) {
  std::uint64_t out = 0;
  auto warn = [&](std::string text) {
    if (std::find(warnings.begin(), warnings.end(), text) == warnings.end())
      warnings.push_back(std::move(text));
  };
  for (const auto& name : names) {
    auto number = capability_number(name);
    auto bit = number && *number < 64 ? 1ULL << *number : 0;
    if (!(bit & host.known_capabilities))
      warn(base::cat("process.capabilities: ", base::quote(name),
                     " is unknown to this kernel and is left out"));
    else if (!(bit & host.held_capabilities))
      warn(base::cat("process.capabilities: ", name,
                     " cannot be granted, since the runtime lacks it"));
    else
      out |= bit;
  }
  return out;
}

Capabilities capabilities(const spec::Capabilities& config, const Host& host, bool root,
                          std::vector<std::string>& warnings) {
  Capabilities out;
  out.bounding = mask(config.bounding, host, warnings);
  out.permitted = mask(config.permitted, host, warnings);
  // The kernel wants effective ⊆ permitted, and ambient ⊆ permitted ∩ inheritable. man:
  // capabilities(7)
  out.effective = mask(config.effective, host, warnings) & out.permitted;
  out.inheritable = mask(config.inheritable, host, warnings);
  auto ambient = mask(config.ambient, host, warnings);
  out.ambient = ambient & out.permitted & out.inheritable;
  // Root keeps all that is permitted without them, and buildah asks for them always.
  if (out.ambient != ambient && !root)
    warnings.push_back(
        "process.capabilities.ambient: only what is permitted and inheritable as well can be "
        "ambient");
  return out;
}

Result<std::vector<Rlimit>> rlimits(const std::vector<spec::Rlimit>& config) {
  std::vector<Rlimit> out;
  for (const auto& wanted : config) {
    auto what = base::cat("process.rlimits[", out.size(), "]");
    auto resource = base::value_of(kRlimits, wanted.type);
    if (!resource)
      return base::config_error(what, ".type: unknown resource limit ", base::quote(wanted.type));
    Rlimit limit;
    limit.resource = *resource;
    limit.soft = wanted.soft;
    limit.hard = wanted.hard;
    limit.what = base::cat(what, " ", wanted.type);
    out.push_back(std::move(limit));
  }
  return out;
}

Result<base::kernel::SchedAttr> scheduler(const spec::Scheduler& config) {
  base::kernel::SchedAttr out;
  auto policy = base::value_of(kPolicies, config.policy);
  if (!policy)
    return base::config_error("process.scheduler.policy: unknown policy ",
                              base::quote(config.policy));
  out.policy = *policy;
  for (const auto& word : config.flags) {
    auto flag = base::value_of(kSchedulerFlags, word);
    if (!flag)
      return base::config_error("process.scheduler.flags: unknown flag ", base::quote(word));
    out.flags |= *flag;
  }
  out.nice = config.nice.value_or(0);
  out.priority = static_cast<std::uint32_t>(config.priority.value_or(0));
  out.runtime = config.runtime.value_or(0);
  out.deadline = config.deadline.value_or(0);
  out.period = config.period.value_or(0);
  return out;
}

Result<int> io_priority(const spec::IoPriority& config) {
  auto io_class = base::value_of(kIoClasses, config.io_class);
  if (!io_class)
    return base::config_error("process.ioPriority.class: unknown class ",
                              base::quote(config.io_class));
  return static_cast<int>(IOPRIO_PRIO_VALUE(*io_class, config.priority));
}

Status terminal(const spec::Process& config, const Request& request, Process& out) {
  out.terminal = config.terminal;
  if (config.terminal) out.console_size = request.terminal_size;
  out.leave_newlines = config.terminal && request.relayed;
  // spec: config.md#process: consoleSize is ignored without a terminal
  if (!config.terminal || !config.console_size || out.console_size) return {};
  constexpr std::uint64_t kMost = 0xffff;
  if (config.console_size->height > kMost || config.console_size->width > kMost)
    return base::config_error("process.consoleSize: at most 65535 rows and columns, got ",
                              config.console_size->height, " × ", config.console_size->width);
  TerminalSize size;
  size.rows = static_cast<unsigned short>(config.console_size->height);
  size.columns = static_cast<unsigned short>(config.console_size->width);
  out.console_size = size;
  return {};
}

// What the caller has set would hold for the container, too: uid 0 without capabilities
// (SECBIT_NOROOT), or capabilities that outlive a change of user (SECBIT_NO_SETUID_FIXUP). The
// configuration knows nothing of it, so it goes. compat: runc hands it down. man: capabilities(7)
Result<std::optional<unsigned>> securebits(unsigned held) {
  constexpr unsigned kLocks = 0xaa;  // each bit is locked by the next one
  // SECBIT_KEEP_CAPS ends with execve by itself.
  constexpr unsigned kSubject = 0x45;
  if (held & kSubject & ((held & kLocks) >> 1))
    return base::unsupported(
        "process.capabilities: the securebits of the caller change what they mean, and are "
        "locked, got ",
        held);
  if (!(held & kSubject)) return std::optional<unsigned>();
  return std::optional<unsigned>(held & kLocks);
}

// Labels of a security module that is not there cannot be honoured, and callers send them anyway.
void labels(const spec::Process& config, const Host& host, Process& out,
            std::vector<std::string>& warnings) {
  if (host.apparmor)
    out.apparmor_profile = config.apparmor_profile;
  else if (!config.apparmor_profile.empty() && config.apparmor_profile != "unconfined")
    warnings.push_back(
        "process.apparmorProfile: AppArmor is not enabled here, so it is not applied");
  if (host.selinux)
    out.selinux_label = config.selinux_label;
  else if (!config.selinux_label.empty())
    warnings.push_back("process.selinuxLabel: SELinux is not enabled here, so it is not applied");
}

}  // namespace

Result<std::vector<bool>> cpu_list(std::string_view text, std::string_view what) {
  constexpr std::size_t kMost = 1U << 16;
  std::vector<bool> out;
  for (auto part : base::split(text, ',')) {
    part = base::trim(part);
    if (part.empty()) continue;
    auto dash = part.find('-');
    auto first = base::parse<std::size_t>(base::trim(part.substr(0, dash)));
    auto last = dash == std::string_view::npos
                    ? first
                    : base::parse<std::size_t>(base::trim(part.substr(dash + 1)));
    if (!first || !last || *last < *first || *last >= kMost)
      return base::config_error(what, ": must be a list of cpus such as \"0-3,7\", got ",
                                base::quote(text));
    if (out.size() <= *last) out.resize(*last + 1);
    for (auto i = *first; i <= *last; ++i) out[i] = true;
  }
  return out;
}

std::vector<std::string> capability_names(std::uint64_t known) {
  std::vector<std::string> out;
  for (int i = 0; i < 64; ++i) {
    if (!(known >> i & 1)) continue;
    std::unique_ptr<char, int (*)(void*)> name(::cap_to_name(i), ::cap_free);
    if (!name) continue;
    std::string upper = name.get();
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    // What libcap has no word for yet is a bare number.
    if (upper.starts_with("CAP_")) out.push_back(std::move(upper));
  }
  return out;
}

Result<Process> process(const spec::Process& config, const spec::Linux& linux_config,
                        const Host& host, const Request& request,
                        std::vector<std::string>& warnings) {
  Process out;
  out.args = config.args;
  out.env = config.env;
  out.cwd = config.cwd;
  out.uid = config.user.uid;
  out.gid = config.user.gid;
  out.groups = config.user.additional_gids;
  out.umask = config.user.umask.value_or(022);
  out.capabilities = capabilities(config.capabilities.value_or(spec::Capabilities()), host,
                                  out.uid == 0, warnings);
  out.no_new_privileges = config.no_new_privileges;
  out.rlimits = TRY(rlimits(config.rlimits));
  if (config.oom_score_adj) out.oom_score_adj = base::cat(*config.oom_score_adj);
  if (config.scheduler) out.scheduler = TRY(scheduler(*config.scheduler));
  if (config.io_priority) out.io_priority = TRY(io_priority(*config.io_priority));
  if (config.exec_cpu_affinity) {
    out.affinity_before =
        TRY(cpu_list(config.exec_cpu_affinity->initial, "process.execCPUAffinity.initial"));
    out.affinity_after =
        TRY(cpu_list(config.exec_cpu_affinity->final_, "process.execCPUAffinity.final"));
  }
  if (linux_config.personality) {
    if (!linux_config.personality->flags.empty())
      return base::unsupported("linux.personality.flags: no flag is supported");
    out.personality =
        linux_config.personality->domain == "LINUX32" ? kPersonalityLinux32 : kPersonalityLinux;
  }
  if (linux_config.memory_policy)
    out.memory_policy = TRY(memory_policy(*linux_config.memory_policy));
  out.securebits = TRY(securebits(host.securebits));
  labels(config, host, out, warnings);
  TRY(terminal(config, request, out));
  out.preserve_fds = request.preserve_fds;
  out.listening_fds = request.listening_fds;
  if (!request.no_new_keyring) out.keyring = base::cat("_ses.", request.id);
  return out;
}

}  // namespace plan
