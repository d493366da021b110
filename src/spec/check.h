// Rules of the specification that go across members, as tables of named functions.
#pragma once
#include "base/result.h"
#include "spec/config.h"

namespace spec {

// The first rule that the configuration breaks, naming the JSON path, the value and the rule's
// place in the specification:
// "hostname: needs a uts namespace in linux.namespaces, got "web" (config.md#hostname)".
base::Status check(const Config& config);
// The same for a process alone (`runtime exec --process`), and for limits alone (`runtime update
// --resources`); the paths are those of such a document.
base::Status check(const Process& process);
base::Status check(const Resources& resources);

}  // namespace spec
