// Kernel constants and structs that the build headers of glibc 2.36 lack, each with its version. No
// calls.
#pragma once
#include <cstdint>

namespace base::kernel {

// Linux 5.6: openat2(2), <linux/openat2.h>, repeated here so that no kernel header clashes with
// glibc's.
struct OpenHow {
  std::uint64_t flags = 0;
  std::uint64_t mode = 0;
  std::uint64_t resolve = 0;
};
inline constexpr std::uint64_t kResolveNoXdev = 0x01;
inline constexpr std::uint64_t kResolveNoMagiclinks = 0x02;
inline constexpr std::uint64_t kResolveNoSymlinks = 0x04;
inline constexpr std::uint64_t kResolveBeneath = 0x08;
inline constexpr std::uint64_t kResolveInRoot = 0x10;

// <linux/filter.h> sock_filter: one instruction of a classic BPF program, here with a comparison.
struct SockFilter {
  std::uint16_t code = 0;
  std::uint8_t jt = 0;
  std::uint8_t jf = 0;
  std::uint32_t k = 0;
  friend bool operator==(const SockFilter&, const SockFilter&) = default;
};

// statfs(2) f_type
inline constexpr long kProcMagic = 0x9fa0;
inline constexpr long kSysfsMagic = 0x62656572;
inline constexpr long kTmpfsMagic = 0x01021994;
inline constexpr long kCgroupMagic = 0x27e0eb;
inline constexpr long kCgroup2Magic = 0x63677270;
inline constexpr long kDevptsMagic = 0x1cd1;
inline constexpr long kNsfsMagic = 0x6e736673;

// sched_setattr(2), struct sched_attr: glibc 2.36 does not declare it.
struct SchedAttr {
  std::uint32_t size = sizeof(SchedAttr);
  std::uint32_t policy = 0;  // SCHED_…
  std::uint64_t flags = 0;   // SCHED_FLAG_…
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
  friend bool operator==(const SchedAttr&, const SchedAttr&) = default;
};

}  // namespace base::kernel
