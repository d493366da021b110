#include "sys/process.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "sys/call.h"

namespace sys {
namespace {

// execve wants mutable pointers but does not write.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

constexpr std::size_t kWordBits = 8 * sizeof(unsigned long);

// A mask of processors or memory nodes, as the kernel reads it.
std::vector<unsigned long> words_of(const std::vector<bool>& bits) {
  std::vector<unsigned long> mask((bits.size() + kWordBits - 1) / kWordBits);
  for (std::size_t i = 0; i < bits.size(); ++i)
    if (bits[i]) mask[i / kWordBits] |= 1UL << (i % kWordBits);
  return mask;
}

}  // namespace

Result<Cloned> clone3(const CloneRequest& request) {
  struct clone_args args {};
  int pidfd = -1;
  args.flags = request.flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  // CLONE_PARENT children signal whatever their parent's creator asked for; the kernel wants 0
  // then.
  if (request.signal_parent && !(request.flags & CLONE_PARENT)) args.exit_signal = SIGCHLD;
  if (request.cgroup) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(request.cgroup->raw());
  }
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return failed("clone3", request.flags);
  Cloned out;
  out.pid = static_cast<pid_t>(pid);
  if (pid > 0) out.pidfd = Fd(pidfd);
  return out;
}

Result<Fd> pidfd_open(pid_t pid) {
  long n = ::syscall(SYS_pidfd_open, pid, 0);
  if (n < 0) return failed("pidfd_open", pid);
  return Fd(static_cast<int>(n));
}

Status pidfd_send_signal(FdRef pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.raw(), signal, nullptr, 0) < 0)
    return failed("pidfd_send_signal", pidfd, signal);
  return {};
}

Status kill(pid_t pid, int signal) {
  if (::kill(pid, signal) < 0) return failed("kill", pid, signal);
  return {};
}

Result<Ended> wait_child(FdRef pidfd) {
  siginfo_t info{};
  auto id = static_cast<id_t>(pidfd.raw());
  if (retry([&] { return ::waitid(P_PIDFD, id, &info, WEXITED | __WALL); }) < 0)
    return failed("waitid", pidfd);
  Ended out;
  if (info.si_code == CLD_EXITED) {
    out.exit_code = info.si_status;
  } else {
    out.signal = info.si_status;
    out.exit_code = 128 + info.si_status;
  }
  return out;
}

Result<pid_t> reap_any() {
  siginfo_t info{};
  if (retry([&] { return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG); }) < 0) {
    if (errno == ECHILD) return 0;
    return failed("waitid");
  }
  return info.si_pid;
}

Status setns(FdRef fd, int flags) {
  if (::setns(fd.raw(), flags) < 0) return failed("setns", fd, flags);
  return {};
}

Status unshare(int flags) {
  if (::unshare(flags) < 0) return failed("unshare", flags);
  return {};
}

Result<Fd> owner_of_namespace(FdRef fd) {
  Fd owner(::ioctl(fd.raw(), NS_GET_USERNS));
  if (!owner) return failed("ioctl NS_GET_USERNS", fd);
  return owner;
}

base::Error execve(const std::string& path, const std::vector<std::string>& args,
                   const std::vector<std::string>& env) {
  ::execve(path.c_str(), pointers(args).data(), pointers(env).data());
  return failed("execve", path);
}

base::Error fexecve(FdRef fd, const std::vector<std::string>& args,
                    const std::vector<std::string>& env) {
  ::syscall(SYS_execveat, fd.raw(), "", pointers(args).data(), pointers(env).data(), AT_EMPTY_PATH);
  return failed("execveat", fd);
}

void exit_now(int code) { ::_exit(code); }

pid_t getpid() { return static_cast<pid_t>(::syscall(SYS_getpid)); }
pid_t getppid() { return ::getppid(); }

Result<pid_t> setsid() {
  pid_t session = ::setsid();
  if (session < 0) return failed("setsid");
  return session;
}

Status set_parent_death_signal(int signal) {
  if (::prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) < 0)
    return failed("prctl PR_SET_PDEATHSIG", signal);
  return {};
}

Status set_dumpable(bool dumpable) {
  if (::prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, 0, 0, 0) < 0)
    return failed("prctl PR_SET_DUMPABLE");
  return {};
}

Status set_no_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed("prctl PR_SET_NO_NEW_PRIVS");
  return {};
}

Status set_child_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return failed("prctl PR_SET_CHILD_SUBREAPER");
  return {};
}

Status sethostname(const std::string& name) {
  if (::sethostname(name.data(), name.size()) < 0) return failed("sethostname", name);
  return {};
}

Status setdomainname(const std::string& name) {
  if (::setdomainname(name.data(), name.size()) < 0) return failed("setdomainname", name);
  return {};
}

Status personality(unsigned long persona) {
  if (::personality(persona) < 0) return failed("personality", persona);
  return {};
}

Status sched_setattr(pid_t pid, const base::kernel::SchedAttr& a) {
  if (::syscall(SYS_sched_setattr, pid, &a, 0) < 0)
    return failed("sched_setattr", pid, a.policy, a.nice, a.priority);
  return {};
}

Status set_mempolicy(int mode, const std::vector<bool>& nodes) {
  auto mask = words_of(nodes);
  // The kernel looks at one bit less than it is told.
  auto bits = mask.empty() ? 0 : mask.size() * kWordBits + 1;
  if (::syscall(SYS_set_mempolicy, mode, mask.data(), bits) < 0)
    return failed("set_mempolicy", mode, nodes.size());
  return {};
}

Status sched_setaffinity(pid_t pid, const std::vector<bool>& cpus) {
  auto mask = words_of(cpus);
  if (::syscall(SYS_sched_setaffinity, pid, mask.size() * sizeof(unsigned long), mask.data()) < 0)
    return failed("sched_setaffinity", pid);
  return {};
}

Status ioprio_set(pid_t pid, int value) {
  if (::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) < 0)
    return failed("ioprio_set", pid, value);
  return {};
}

Status prlimit(pid_t pid, int resource, std::uint64_t soft, std::uint64_t hard) {
  struct rlimit64 limit {};
  limit.rlim_cur = soft;
  limit.rlim_max = hard;
  // Not glibc's wrapper: its type of `resource` differs between C libraries and headers.
  if (::syscall(SYS_prlimit64, pid, resource, &limit, nullptr) < 0)
    return failed("prlimit64", pid, resource, soft, hard);
  return {};
}

Result<Limit> get_limit(pid_t pid, int resource) {
  struct rlimit64 limit {};
  if (::syscall(SYS_prlimit64, pid, resource, nullptr, &limit) < 0)
    return failed("prlimit64", pid, resource);
  Limit out;
  out.soft = limit.rlim_cur;
  out.hard = limit.rlim_max;
  return out;
}

Result<std::int32_t> join_session_keyring(const std::string& name) {
  auto key = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
  if (key < 0) return failed("keyctl KEYCTL_JOIN_SESSION_KEYRING", name);
  return static_cast<std::int32_t>(key);
}

Status set_key_permissions(std::int32_t key, std::uint32_t permissions) {
  if (::syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions) < 0)
    return failed("keyctl KEYCTL_SETPERM", key, permissions);
  return {};
}

Result<sigset_t> block_signals(const sigset_t& set) {
  sigset_t former;
  if (::sigprocmask(SIG_BLOCK, &set, &former) < 0) return failed("sigprocmask");
  return former;
}

Status restore_signals(const sigset_t& former) {
  if (::sigprocmask(SIG_SETMASK, &former, nullptr) < 0) return failed("sigprocmask");
  return {};
}

void reset_signals() {
  // Programs inherit which signals are ignored: a shell's SIGPIPE or nohup's SIGHUP must not leak
  // in.
  for (int signal = 1; signal <= SIGRTMAX; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<Fd> signalfd(const sigset_t& set) {
  int n = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (n < 0) return failed("signalfd");
  return Fd(n);
}

Result<int> read_signal(FdRef signal_fd) {
  struct signalfd_siginfo info {};
  if (retry([&] { return ::read(signal_fd.raw(), &info, sizeof info); }) < 0)
    return failed("read", signal_fd);
  return static_cast<int>(info.ssi_signo);
}

std::string kernel_release() {
  utsname names{};
  ::uname(&names);  // fails for a bad address alone
  return names.release;
}

}  // namespace sys
