// The words of the specification's closed sets: one table each, shared by reader, writer and
// features.
#pragma once
#include <array>
#include <string_view>

#include "base/named.h"
#include "spec/linux.h"

namespace spec {

// spec: config-linux.md#namespaces
inline constexpr auto kNamespaceTypes = std::to_array<base::Named<NamespaceType>>({
    {"mount", NamespaceType::Mount},
    {"pid", NamespaceType::Pid},
    {"network", NamespaceType::Network},
    {"uts", NamespaceType::Uts},
    {"ipc", NamespaceType::Ipc},
    {"user", NamespaceType::User},
    {"cgroup", NamespaceType::Cgroup},
    {"time", NamespaceType::Time},
});

// spec: config-linux.md#rootfs-mount-propagation
struct RootfsPropagation {
  Propagation kind = Propagation::Private;
  bool recursive = false;
  friend bool operator==(const RootfsPropagation&, const RootfsPropagation&) = default;
};
// The specification has the first four; containerd, Docker and podman write the others too.
inline constexpr auto kPropagations = std::to_array<base::Named<RootfsPropagation>>({
    {"shared", {Propagation::Shared, false}},
    {"slave", {Propagation::Slave, false}},
    {"private", {Propagation::Private, false}},
    {"unbindable", {Propagation::Unbindable, false}},
    {"rshared", {Propagation::Shared, true}},
    {"rslave", {Propagation::Slave, true}},
    {"rprivate", {Propagation::Private, true}},
    {"runbindable", {Propagation::Unbindable, true}},
});

// spec: config-linux.md#seccomp
inline constexpr auto kSeccompActions = std::to_array<base::Named<SeccompAction>>({
    {"SCMP_ACT_ALLOW", SeccompAction::Allow},
    {"SCMP_ACT_ERRNO", SeccompAction::Errno},
    {"SCMP_ACT_KILL", SeccompAction::Kill},
    {"SCMP_ACT_KILL_PROCESS", SeccompAction::KillProcess},
    {"SCMP_ACT_KILL_THREAD", SeccompAction::KillThread},
    {"SCMP_ACT_LOG", SeccompAction::Log},
    {"SCMP_ACT_NOTIFY", SeccompAction::Notify},
    {"SCMP_ACT_TRACE", SeccompAction::Trace},
    {"SCMP_ACT_TRAP", SeccompAction::Trap},
});
inline constexpr auto kSeccompOperators = std::to_array<base::Named<SeccompOperator>>({
    {"SCMP_CMP_EQ", SeccompOperator::Equal},
    {"SCMP_CMP_GE", SeccompOperator::GreaterOrEqual},
    {"SCMP_CMP_GT", SeccompOperator::GreaterThan},
    {"SCMP_CMP_LE", SeccompOperator::LessOrEqual},
    {"SCMP_CMP_LT", SeccompOperator::LessThan},
    {"SCMP_CMP_MASKED_EQ", SeccompOperator::MaskedEqual},
    {"SCMP_CMP_NE", SeccompOperator::NotEqual},
});
inline constexpr auto kSeccompArchitectures = std::to_array<std::string_view>({
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_ARM",
    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64",
    "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",
    "SCMP_ARCH_X32",
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X86_64",
    // Since libseccomp 2.6.
    "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",
    "SCMP_ARCH_SH",
    "SCMP_ARCH_SHEB",
});
inline constexpr std::size_t kSeccompArchitecturesBefore26 = 19;
inline constexpr auto kSeccompFlags = std::to_array<std::string_view>({
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
});

// spec: config.md#posix-process; man: getrlimit(2)
inline constexpr auto kRlimitTypes = std::to_array<std::string_view>({
    "RLIMIT_AS",
    "RLIMIT_CORE",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_RSS",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING",
    "RLIMIT_STACK",
});

// spec: config.md#linux-process
inline constexpr auto kSchedulerPolicies = std::to_array<std::string_view>({
    "SCHED_OTHER",
    "SCHED_FIFO",
    "SCHED_RR",
    "SCHED_BATCH",
    "SCHED_ISO",
    "SCHED_IDLE",
    "SCHED_DEADLINE",
});
inline constexpr auto kSchedulerFlags = std::to_array<std::string_view>({
    "SCHED_FLAG_RESET_ON_FORK",
    "SCHED_FLAG_RECLAIM",
    "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS",
    "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX",
});
inline constexpr auto kIoPriorityClasses = std::to_array<std::string_view>({
    "IOPRIO_CLASS_RT",
    "IOPRIO_CLASS_BE",
    "IOPRIO_CLASS_IDLE",
});

// spec: config-linux.md#memory-policy
inline constexpr auto kMemoryPolicyModes = std::to_array<std::string_view>({
    "MPOL_DEFAULT",
    "MPOL_BIND",
    "MPOL_INTERLEAVE",
    "MPOL_WEIGHTED_INTERLEAVE",
    "MPOL_PREFERRED",
    "MPOL_PREFERRED_MANY",
    "MPOL_LOCAL",
});
inline constexpr auto kMemoryPolicyFlags = std::to_array<std::string_view>({
    "MPOL_F_NUMA_BALANCING",
    "MPOL_F_RELATIVE_NODES",
    "MPOL_F_STATIC_NODES",
});

// spec: config-linux.md#personality
inline constexpr auto kPersonalityDomains = std::to_array<std::string_view>({"LINUX", "LINUX32"});

// spec: config-linux.md#devices, #allowed-device-list
inline constexpr auto kDeviceTypes = std::to_array<std::string_view>({"b", "c", "u", "p"});
inline constexpr auto kDeviceRuleTypes = std::to_array<std::string_view>({"a", "b", "c"});

}  // namespace spec
