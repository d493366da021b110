// Rules of the specification that go across members, as a table of named functions.
#pragma once
#include "base/result.h"
#include "spec/config.h"

namespace spec {

// The first rule that the configuration breaks, naming the JSON path and the value.
base::Status check(const Config& config);
// The same for a process alone (`runtime exec --process`).
base::Status check(const Process& process);

}  // namespace spec
