// The system call filter that containers get when nobody wrote one.
#pragma once
#include <string>
#include <vector>

#include "spec/seccomp.h"

namespace spec {

// Allows what programs in containers use, answers EPERM to the rest, and opens what a capability
// guards anyway only to holders of that capability. capabilities: those of the bounding set,
// "CAP_SYS_ADMIN". The architectures are the build's own and its 32-bit companions. compat: the
// same calls and arguments as Docker's and containerd's default profile, so that a container
// behaves alike; without io_uring, as theirs since 2023.
Seccomp default_seccomp(const std::vector<std::string>& capabilities);

}  // namespace spec
