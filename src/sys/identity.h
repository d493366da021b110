// System calls on who a process is: user, groups, capabilities.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace sys {

using base::Result;
using base::Status;

uid_t geteuid();
gid_t getegid();
uid_t getuid();

// The real, effective and saved ids at once. man: setresuid(2), setresgid(2)
Status setresuid(uid_t uid);
Status setresgid(gid_t gid);
Status setgroups(std::span<const gid_t> groups);

// One bit for each capability. man: capabilities(7), by libcap
struct CapabilityMasks {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
  friend bool operator==(const CapabilityMasks&, const CapabilityMasks&) = default;
};
Result<CapabilityMasks> capget();
Status capset(const CapabilityMasks& masks);
// Drops from the bounding set all but `keep`.
Status keep_bounding(std::uint64_t keep);
// The ambient set becomes this; each has to be permitted and inheritable.
Status set_ambient(std::uint64_t mask);
// Permitted capabilities survive the next change of user. man: prctl(2), PR_SET_KEEPCAPS
Status set_keep_capabilities(bool keep);

// man: prctl(2), PR_GET_SECUREBITS; capabilities(7)
Result<unsigned> securebits();
Status set_securebits(unsigned bits);

// How many capabilities this kernel knows.
int capability_count();

}  // namespace sys
