// Freezes and thaws a container.
#pragma once
#include <string>

#include "base/result.h"

namespace container {

// Returns once all its processes are frozen. A container that neither runs nor is created is an
// error.
base::Status pause(const std::string& root, const std::string& id);
base::Status resume(const std::string& root, const std::string& id);

}  // namespace container
