// Reads Host from the kernel, once.
#pragma once
#include "base/result.h"
#include "fs/proc.h"
#include "plan/host.h"

namespace apply {

// The facts that planning depends on, and one clear refusal of a kernel that is too old.
base::Result<plan::Host> probe(const fs::Proc& proc);

// Whether this process is in a user namespace other than the machine's first.
base::Result<bool> in_user_namespace(const fs::Proc& proc);

}  // namespace apply
