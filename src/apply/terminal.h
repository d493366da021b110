// A pseudo-terminal of the container's own devpts.
#pragma once
#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "plan/process.h"

namespace apply {

struct Terminal {
  base::Fd master{};
  base::Fd slave{};
};

// Opens a new pair in the devpts that is mounted at /dev/pts beneath `root`, and gives it the
// planned size. cve: 2025-52565 (what is opened is checked to be of a devpts)
base::Result<Terminal> open_terminal(base::FdRef root, const plan::Process& plan);

// The slave becomes our standard descriptors and the controlling terminal of our session, and
// belongs to the container's user.
base::Status use_terminal(base::FdRef slave, const plan::Process& plan);

}  // namespace apply
