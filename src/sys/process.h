// System calls on processes: make, name, signal, wait, namespaces, execute.
#pragma once
#include <sched.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

struct CloneRequest {
  std::uint64_t flags = 0;        // CLONE_NEW…, CLONE_PARENT, CLONE_FILES
  std::optional<FdRef> cgroup{};  // a cgroup2 directory (CLONE_INTO_CGROUP, Linux 5.7)
  bool signal_parent = true;      // SIGCHLD at the end
};
struct Cloned {
  pid_t pid = 0;  // 0: this is the child
  Fd pidfd{};     // in the parent
};
// Both processes return, the child with pid 0. After it nothing of pthread_* may be used in the
// child: glibc's cached thread id is stale. man: clone(2), clone3, Linux 5.3
Result<Cloned> clone3(const CloneRequest& request);

// man: pidfd_open(2), Linux 5.3
Result<Fd> pidfd_open(pid_t pid);
// man: pidfd_send_signal(2), Linux 5.1; signal 0 asks whether it lives.
Status pidfd_send_signal(FdRef pidfd, int signal);
Status kill(pid_t pid, int signal);

// How a process ended: its exit status, or 128 + the signal that killed it, as shells count.
struct Ended {
  int exit_code = 0;
  int signal = 0;
};
// Waits for this child to end and reaps it. man: waitid(2), P_PIDFD, Linux 5.4
Result<Ended> wait_child(FdRef pidfd);
// Reaps any ended child without waiting: its pid, or 0 when there is none.
Result<pid_t> reap_any();

// man: setns(2). A pidfd with several flags joins them at once (Linux 5.8).
Status setns(FdRef fd, int flags);
Status unshare(int flags);
// The user namespace that rules over this namespace; EPERM when that is above ours. man:
// ioctl_ns(2), NS_GET_USERNS
Result<Fd> owner_of_namespace(FdRef fd);

// Does not return when it succeeds. man: execveat(2)
base::Error execve(const std::string& path, const std::vector<std::string>& args,
                   const std::vector<std::string>& env);
base::Error fexecve(FdRef fd, const std::vector<std::string>& args,
                    const std::vector<std::string>& env);
[[noreturn]] void exit_now(int code);

pid_t getpid();
pid_t getppid();
Result<pid_t> setsid();

// man: prctl(2)
Status set_parent_death_signal(int signal);
Status set_dumpable(bool dumpable);
Status set_no_new_privileges();
Status set_child_subreaper();

Status sethostname(const std::string& name);
Status setdomainname(const std::string& name);

// man: personality(2)
Status personality(unsigned long persona);

// Of ourselves: MPOL_… | MPOL_F_…, and a bit for each memory node. man: set_mempolicy(2)
Status set_mempolicy(int mode, const std::vector<bool>& nodes);

// man: sched_setattr(2); pid 0: ourselves.
Status sched_setattr(pid_t pid, const base::kernel::SchedAttr& attributes);
Status sched_setaffinity(pid_t pid, const std::vector<bool>& cpus);
// man: ioprio_set(2); value: class << 13 | priority
Status ioprio_set(pid_t pid, int value);
// man: prlimit(2)
Status prlimit(pid_t pid, int resource, std::uint64_t soft, std::uint64_t hard);

struct Limit {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};
Result<Limit> get_limit(pid_t pid, int resource);

// Joins the session keyring of this name that we may search, or a new one; gives its number.
// man: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING
Result<std::int32_t> join_session_keyring(const std::string& name);
// man: keyctl(2), KEYCTL_SETPERM
Status set_key_permissions(std::int32_t key, std::uint32_t permissions);

// The signals that this process has blocked from now on; gives back the former set.
Result<sigset_t> block_signals(const sigset_t& set);
Status restore_signals(const sigset_t& former);
// Every signal back to its default action, none blocked: what a new program expects.
void reset_signals();
// man: signalfd(2), of signals that are blocked.
Result<Fd> signalfd(const sigset_t& set);
// The number of the next signal. Blocks unless the descriptor does not.
Result<int> read_signal(FdRef signal_fd);

// The kernel's release: "6.1.0-18-amd64". man: uname(2)
std::string kernel_release();

}  // namespace sys
