#include "apply/process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "fs/files.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/process.h"

namespace apply {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view variable(const std::vector<std::string>& env, std::string_view name) {
  for (const auto& entry : env)
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::string_view(entry).substr(name.size() + 1);
  return {};
}

base::Error not_executable(int code, const std::string& quoted, std::string_view why) {
  return base::Error(base::Kind::NotExecutable, code, base::cat("exec: ", quoted, ": ", why));
}

// Whether a file can be executed by this process; the error is in the words that callers look for.
Status executable(const std::string& path, const std::string& name) {
  auto quoted = base::quote(name);
  auto st = sys::fstatat(FdRef::cwd(), path, 0);
  int code = st ? 0 : st.error().code();
  if (code == ENOENT || code == ENOTDIR)
    return base::Error(base::Kind::NoProgram, code,
                       base::cat("exec: ", quoted, ": stat ", path, ": ",
                                 code == ENOENT ? "no such file or directory" : "not a directory"));
  if (code == EACCES) return not_executable(EACCES, quoted, "permission denied");
  auto mode = TRY(std::move(st), "exec: ", quoted).st_mode;
  // compat: by "permission denied" podman and Docker know 126.
  if (S_ISDIR(mode)) return not_executable(EISDIR, quoted, "is a directory: permission denied");
  if (!S_ISREG(mode) || (mode & 0111) == 0)
    return not_executable(EACCES, quoted, "permission denied");
  return {};
}

std::string home_of(std::uint32_t uid) {
  // The container's own file: it may be a fifo, a device or a link, so open it without waiting and
  // look.
  auto fd = sys::openat(FdRef::cwd(), "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!fd) return "/";
  auto st = sys::fstat(fd.value());
  constexpr std::uint64_t kLongest = 1U << 20;
  if (!st || !S_ISREG(st.value().st_mode)) return "/";
  auto text = fs::read_all(fd.value(), kLongest);
  if (!text) return "/";
  for (auto line : base::split(text.value(), '\n')) {
    auto fields = base::split(line, ':');
    if (fields.size() >= 6 && base::parse<std::uint32_t>(fields[2]) == uid && !fields[5].empty())
      return std::string(fields[5]);
  }
  return "/";
}

// Only what the process may not do itself later: its soft limits stay roomy while it works for us.
Status raise_limits(const plan::Process& plan, pid_t pid) {
  for (const auto& limit : plan.rlimits) {
    auto now = TRY(sys::get_limit(pid, limit.resource), limit.what);
    if (limit.hard > now.hard)
      TRY(sys::prlimit(pid, limit.resource, now.soft, limit.hard), limit.what);
  }
  return {};
}

bool is_real_time(const base::kernel::SchedAttr& scheduler) {
  return scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR ||
         scheduler.policy == SCHED_DEADLINE;
}

}  // namespace

Status adjust_process(const plan::Process& plan, pid_t pid, const fs::Proc& proc) {
  if (plan.oom_score_adj)
    TRY(proc.write(base::cat(pid, "/oom_score_adj"), *plan.oom_score_adj), "process.oomScoreAdj");
  if (plan.scheduler && !is_real_time(*plan.scheduler))
    TRY(sys::sched_setattr(pid, *plan.scheduler), "process.scheduler");
  if (plan.io_priority) TRY(sys::ioprio_set(pid, *plan.io_priority), "process.ioPriority");
  return raise_limits(plan, pid);
}

Status make_real_time(const plan::Process& plan, pid_t pid) {
  if (plan.scheduler && is_real_time(*plan.scheduler))
    TRY(sys::sched_setattr(pid, *plan.scheduler), "process.scheduler");
  return {};
}

Status set_limits(const plan::Process& plan) {
  for (const auto& limit : plan.rlimits)
    TRY(sys::prlimit(0, limit.resource, limit.soft, limit.hard), limit.what);
  return {};
}

Status own_standard_descriptors(const plan::Process& plan) {
  for (int n : {0, 1, 2}) {
    auto fd = FdRef::inherited(n);
    auto st = sys::fstat(fd);
    if (!st) continue;  // closed by whoever started the runtime
    auto mode = st.value().st_mode;
    if (!(S_ISREG(mode) || S_ISFIFO(mode) || S_ISSOCK(mode))) continue;
    if (st.value().st_uid == plan.uid) continue;
    auto owned = sys::fchownat(fd, "", plan.uid, static_cast<gid_t>(-1), AT_EMPTY_PATH);
    // Not ours to give (another user's file, an id outside the user namespace, a read-only mount):
    // the process can use what is open all the same.
    constexpr int kTolerated[] = {EPERM, EINVAL, EROFS, EOVERFLOW};
    if (!owned && std::find(std::begin(kTolerated), std::end(kTolerated), owned.error().code()) ==
                      std::end(kTolerated))
      return std::move(owned).error().in(base::cat("give descriptor ", n, " to user ", plan.uid));
  }
  return {};
}

Status enter_cwd(const plan::Process& plan) {
  TRY(sys::chdir(plan.cwd), "process.cwd");
  auto cwd = TRY(sys::getcwd(), "process.cwd");
  // The kernel says "(unreachable)/…" of a directory outside our root.
  if (!cwd.starts_with('/'))
    return base::config_error("process.cwd: ", base::quote(plan.cwd),
                              " leads out of the container");
  return {};
}

Status become_user(const plan::Process& plan) {
  if (plan.securebits) TRY(sys::set_securebits(*plan.securebits), "reset the caller's securebits");
  TRY(sys::keep_bounding(plan.capabilities.bounding), "process.capabilities.bounding");
  auto grouped = sys::setgroups(plan.groups);
  // In a user namespace that denies setgroups there is nothing to drop but what cannot be dropped.
  if (!grouped && !(plan.groups.empty() && grouped.error().code() == EPERM))
    return std::move(grouped).error().in("process.user.additionalGids");
  TRY(sys::set_keep_capabilities(true));
  TRY(sys::setresgid(plan.gid), "process.user.gid");
  TRY(sys::setresuid(plan.uid), "process.user.uid");
  // A change from root to another user clears the effective set, which the last steps still need.
  auto masks = TRY(sys::capget());
  if (masks.effective == masks.permitted) return {};
  masks.effective = masks.permitted;
  return sys::capset(masks);
}

Status set_capabilities(const plan::Process& plan) {
  TRY(sys::set_keep_capabilities(false));
  sys::CapabilityMasks masks;
  masks.effective = plan.capabilities.effective;
  masks.permitted = plan.capabilities.permitted;
  masks.inheritable = plan.capabilities.inheritable;
  TRY(sys::capset(masks), "process.capabilities");
  TRY(sys::set_ambient(plan.capabilities.ambient), "process.capabilities.ambient");
  return {};
}

Result<std::string> find_executable(const plan::Process& plan) {
  const auto& name = plan.args.front();
  if (name.find('/') != std::string::npos) {
    TRY(executable(name, name));
    return name;
  }
  auto path = variable(plan.env, "PATH");
  auto not_found =
      base::Error(base::Kind::NoProgram, ENOENT,
                  base::cat("exec: ", base::quote(name), ": executable file not found in $PATH"));
  if (name.empty()) return not_found;
  for (auto dir : base::split(path.empty() ? kDefaultPath : path, ':')) {
    auto candidate = base::cat(dir.empty() ? "." : dir, "/", name);
    auto usable = executable(candidate, name);
    if (usable) return candidate;
    // As execvp does: go on, but remember that something of this name was there.
    if (usable.error().code() == EACCES) not_found = std::move(usable).error();
  }
  return not_found;
}

std::vector<std::string> environment(const plan::Process& plan) {
  auto env = plan.env;
  if (variable(env, "HOME").empty()) {
    std::erase(env, "HOME=");
    env.push_back("HOME=" + home_of(plan.uid));
  }
  if (plan.listening_fds > 0) {
    env.push_back(base::cat("LISTEN_FDS=", plan.listening_fds));
    env.push_back(base::cat("LISTEN_PID=", sys::getpid()));
  }
  return env;
}

}  // namespace apply
