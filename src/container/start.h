// Lets a created container's program run.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace container {

// spec: runtime.md#start. Returns when the program runs, or with the reason why it does not; never
// waits for an init that is gone. A failing poststart hook stops and deletes the container.
base::Status start(const std::string& root, const std::string& id,
                   std::vector<std::string>& warnings);

}  // namespace container
