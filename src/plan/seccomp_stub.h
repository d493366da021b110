// The start of every filter: system calls newer than the profile answer ENOSYS.
#pragma once
#include <cstdint>
#include <vector>

#include "base/kernel.h"

namespace plan {

// The largest system call number that the profile names for one architecture.
struct NewestCall {
  std::uint32_t audit_arch = 0;  // AUDIT_ARCH_…, as seccomp_data.arch holds it
  bool x32 = false;              // the calls of AUDIT_ARCH_X86_64 that have bit 30 set
  std::uint32_t number = 0;
  friend bool operator==(const NewestCall&, const NewestCall&) = default;
};

// Instructions to put in front of a filter. Every call with a larger number than the newest one
// of its architecture gets ENOSYS; all others, and those of architectures not listed here, go on
// to the filter. On s390 also call 0, with which its kernels report numbers that they do not know.
//
// Why: a profile that was written before a call existed refuses it with EPERM, and then C
// libraries and programs, which only take ENOSYS as "this kernel is too old", do not fall back to
// the older call. A number above all that the author of the profile thought of is most likely
// such a call; holes below it cannot be told from calls meant to be refused. compat: as runc does
// since 1.0.0-rc93.
std::vector<base::kernel::SockFilter> enosys_stub(const std::vector<NewestCall>& newest);

}  // namespace plan
