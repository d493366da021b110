#include "spec/default_seccomp.h"

#include <errno.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace spec {

namespace {

// Names of system calls, separated by blanks; those that an architecture lacks are ignored there.
constexpr std::string_view kFiles =
    "access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 "
    "faccessat faccessat2 fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown "
    "fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr "
    "fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd "
    "getdents getdents64 getxattr getxattrat ioctl lchown lchown32 lgetxattr link linkat listxattr "
    "listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod "
    "mknodat name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 "
    "pwritev pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename "
    "renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs "
    "statfs64 statx symlink symlinkat sync sync_file_range sync_file_range2 syncfs tee truncate "
    "truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write "
    "writev";
constexpr std::string_view kWaiting =
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
    "epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 "
    "inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 "
    "io_setup io_submit _newselect pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 "
    "select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
    "timerfd_settime64";
constexpr std::string_view kMemory =
    "brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock "
    "mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc "
    "pkey_free pkey_mprotect process_mrelease remap_file_pages";
constexpr std::string_view kProcesses =
    "capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 "
    "futex_wait futex_waitv futex_wake getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 "
    "getgroups getgroups32 getpgid getpgrp getpid getppid getpriority getresgid getresgid32 "
    "getresuid getresuid32 getrlimit get_robust_list getrusage getsid get_thread_area gettid "
    "getuid getuid32 ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset "
    "landlock_restrict_self pause pidfd_open pidfd_send_signal prctl prlimit64 process_vm_readv "
    "process_vm_writev ptrace restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask "
    "rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
    "rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max "
    "sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
    "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp "
    "setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setpgid "
    "setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid "
    "setreuid32 setrlimit set_robust_list setsid set_thread_area set_tid_address setuid setuid32 "
    "sigaltstack sigprocmask sigreturn tgkill tkill ugetrlimit vfork wait4 waitid waitpid";
constexpr std::string_view kMessages =
    "accept accept4 bind connect getpeername getsockname getsockopt ipc listen mq_getsetattr "
    "mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
    "mq_unlink msgctl msgget msgrcv msgsnd recv recvfrom recvmmsg recvmmsg_time64 recvmsg semctl "
    "semget semop semtimedop semtimedop_time64 send sendmmsg sendmsg sendto setsockopt shmat "
    "shmctl shmdt shmget shutdown socketcall socketpair";
constexpr std::string_view kTimeAndSystem =
    "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer getrandom gettimeofday "
    "nanosleep setitimer sysinfo time timer_create timer_delete timer_getoverrun timer_gettime "
    "timer_gettime64 timer_settime timer_settime64 times uname";
#if defined(__x86_64__)
constexpr std::string_view kOfThisArchitecture = "arch_prctl modify_ldt";
#elif defined(__aarch64__)
constexpr std::string_view kOfThisArchitecture =
    "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls";
#else
constexpr std::string_view kOfThisArchitecture =
    "riscv_flush_icache riscv_hwprobe s390_guarded_storage s390_pci_mmio_read s390_pci_mmio_write "
    "s390_runtime_instr swapcontext";
#endif

struct Guarded {
  std::string_view capability{};
  std::string_view names{};
};
constexpr Guarded kGuarded[] = {
    {"CAP_BPF", "bpf"},
    {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
    {"CAP_PERFMON", "perf_event_open"},
    {"CAP_SYS_ADMIN",
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick listmount lookup_dcookie mount "
     "mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
     "sethostname setns statmount syslog umount umount2 unshare"},
    {"CAP_SYS_BOOT", "reboot"},
    {"CAP_SYS_CHROOT", "chroot"},
    {"CAP_SYS_MODULE", "delete_module finit_module init_module"},
    {"CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {"CAP_SYS_PACCT", "acct"},
    {"CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"},
    {"CAP_SYS_RAWIO", "ioperm iopl"},
    {"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
    {"CAP_SYS_TTY_CONFIG", "vhangup"},
    {"CAP_SYSLOG", "syslog"},
};

void add_names(std::vector<std::string>& list, std::string_view names) {
  for (auto name : base::words(names)) list.emplace_back(name);
}

SeccompRule allow(std::string_view name, std::vector<SeccompArgument> args) {
  SeccompRule rule;
  rule.names = {std::string(name)};
  rule.args = std::move(args);
  return rule;
}

// Calls that are harmless with some arguments only.
void add_conditional(std::vector<SeccompRule>& rules, bool admin) {
  // A virtual machine's door to its host, which no network namespace closes.
  constexpr std::uint64_t kAfVsock = 40;
  rules.push_back(allow("socket", {{.value = kAfVsock, .op = SeccompOperator::NotEqual}}));
  // PER_LINUX, PER_LINUX32, both with UNAME26, and the question.
  for (std::uint64_t persona : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL})
    rules.push_back(allow("personality", {{.value = persona}}));
  if (admin) return;
  // CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET.
  constexpr std::uint64_t kNewNamespaces = 0x7e020000;
#if defined(__s390__)
  constexpr std::uint32_t kFlags = 1;  // man: clone(2): its arguments are the other way round
#else
  constexpr std::uint32_t kFlags = 0;
#endif
  rules.push_back(allow(
      "clone", {{.index = kFlags, .value = kNewNamespaces, .op = SeccompOperator::MaskedEqual}}));
  // Its flags are in memory, where a filter does not see them; libraries fall back to clone.
  SeccompRule clone3;
  clone3.names = {"clone3"};
  clone3.action = SeccompAction::Errno;
  clone3.errno_ret = ENOSYS;
  rules.push_back(std::move(clone3));
}

}  // namespace

Seccomp default_seccomp(const std::vector<std::string>& capabilities) {
  Seccomp out;
  out.default_action = SeccompAction::Errno;
  out.default_errno_ret = EPERM;
#if defined(__x86_64__)
  out.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
  out.architectures = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
  SeccompRule always;
  for (auto names :
       {kFiles, kWaiting, kMemory, kProcesses, kMessages, kTimeAndSystem, kOfThisArchitecture})
    add_names(always.names, names);
  auto holds = [&](std::string_view capability) {
    return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
  };
  for (const auto& guarded : kGuarded)
    if (holds(guarded.capability)) add_names(always.names, guarded.names);
  out.syscalls.push_back(std::move(always));
  add_conditional(out.syscalls, holds("CAP_SYS_ADMIN"));
  return out;
}

}  // namespace spec
