#include "sys/identity.h"

#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "sys/call.h"

namespace sys {
namespace {

struct FreeCap {
  void operator()(_cap_struct* cap) const { ::cap_free(cap); }
};
using Cap = std::unique_ptr<_cap_struct, FreeCap>;

std::uint64_t mask_of(cap_t cap, cap_flag_t which) {
  std::uint64_t mask = 0;
  for (int i = 0; i < capability_count(); ++i) {
    cap_flag_value_t value = CAP_CLEAR;
    if (::cap_get_flag(cap, i, which, &value) == 0 && value == CAP_SET) mask |= 1ULL << i;
  }
  return mask;
}

void set_mask(cap_t cap, cap_flag_t which, std::uint64_t mask) {
  for (int i = 0; i < capability_count(); ++i)
    ::cap_set_flag(cap, which, 1, &i, mask >> i & 1 ? CAP_SET : CAP_CLEAR);
}

}  // namespace

uid_t geteuid() { return ::geteuid(); }
gid_t getegid() { return ::getegid(); }
uid_t getuid() { return ::getuid(); }

// The bare calls: glibc's wrappers would tell the other threads, and there are none.
Status setresuid(uid_t uid) {
  if (::syscall(SYS_setresuid, uid, uid, uid) < 0) return failed("setresuid", uid);
  return {};
}

Status setresgid(gid_t gid) {
  if (::syscall(SYS_setresgid, gid, gid, gid) < 0) return failed("setresgid", gid);
  return {};
}

Status setgroups(std::span<const gid_t> groups) {
  if (::syscall(SYS_setgroups, groups.size(), groups.data()) < 0)
    return failed("setgroups", groups.size());
  return {};
}

Result<CapabilityMasks> capget() {
  Cap cap(::cap_get_proc());
  if (!cap) return failed("capget");
  CapabilityMasks out;
  out.effective = mask_of(cap.get(), CAP_EFFECTIVE);
  out.permitted = mask_of(cap.get(), CAP_PERMITTED);
  out.inheritable = mask_of(cap.get(), CAP_INHERITABLE);
  return out;
}

Status capset(const CapabilityMasks& masks) {
  Cap cap(::cap_init());
  if (!cap) return failed("cap_init");
  set_mask(cap.get(), CAP_EFFECTIVE, masks.effective);
  set_mask(cap.get(), CAP_PERMITTED, masks.permitted);
  set_mask(cap.get(), CAP_INHERITABLE, masks.inheritable);
  if (::cap_set_proc(cap.get()) < 0)
    return failed("capset", masks.effective, masks.permitted, masks.inheritable);
  return {};
}

Status keep_bounding(std::uint64_t keep) {
  for (int i = 0; i < capability_count(); ++i)
    if (!(keep >> i & 1) && ::prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
      return failed("prctl PR_CAPBSET_DROP", i);
  return {};
}

Status set_ambient(std::uint64_t mask) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
    return failed("prctl PR_CAP_AMBIENT_CLEAR_ALL");
  for (int i = 0; i < capability_count(); ++i)
    if (mask >> i & 1 && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
      return failed("prctl PR_CAP_AMBIENT_RAISE", i);
  return {};
}

Status set_keep_capabilities(bool keep) {
  if (::prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0) < 0) return failed("prctl PR_SET_KEEPCAPS");
  return {};
}

Result<unsigned> securebits() {
  int bits = ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  if (bits < 0) return failed("prctl PR_GET_SECUREBITS");
  return static_cast<unsigned>(bits);
}

Status set_securebits(unsigned bits) {
  if (::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0) return failed("prctl PR_SET_SECUREBITS", bits);
  return {};
}

int capability_count() { return ::cap_max_bits(); }

}  // namespace sys
