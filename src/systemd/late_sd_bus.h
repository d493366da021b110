// libsystemd brings five other libraries, and hardly any command needs it: it is not linked.
// late_sd_bus.cc defines the functions of sd-bus that we call, which load it when the first of them
// is called.
#pragma once
#include "base/result.h"

namespace systemd {

// Kind::Unsupported when the library cannot be loaded. Its functions then fail with -EOPNOTSUPP.
base::Status load_sd_bus();

}  // namespace systemd
