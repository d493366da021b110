// Rules about numbered system calls → the instructions of a filter.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/kernel.h"
#include "spec/seccomp.h"

namespace plan {

// One system call, if all conditions hold (at most one for each argument).
struct NumberedRule {
  std::uint32_t number = 0;
  std::uint32_t action = 0;  // SECCOMP_RET_… with its data
  std::vector<spec::SeccompArgument> conditions{};
};

// What one family of calls may do: those of an AUDIT_ARCH_…, where x32 is a family of its own (its
// numbers hold bit 30) beside that of x86-64.
struct ArchitectureRules {
  std::uint32_t audit_arch = 0;
  bool x32 = false;
  bool wide = true;  // arguments have 64 bits, else only the lower 32 are compared
  std::vector<NumberedRule> rules{};
};

struct ProgramRules {
  std::uint32_t default_action = 0;
  std::uint32_t other_architecture = 0;  // the action for calls of all other families
  std::vector<ArchitectureRules> architectures{};
};

// A binary search over ranges of numbers that are treated alike, for each architecture: small, so
// that the kernel checks and compiles it quickly, and with allowed calls found without looking at
// arguments, so that the kernel remembers them by number. Only for machines of little endian.
// Nothing when rules for the same call have different actions: which of them counts is for
// libseccomp to say.
std::optional<std::vector<base::kernel::SockFilter>> seccomp_program(const ProgramRules& rules);

}  // namespace plan
