// Names for containers that were given none.
#pragma once
#include <string>

#include "base/result.h"

namespace engine {

// 64 random hexadecimal digits.
base::Result<std::string> invent_id();
// "swift_otter". compat: docker's two words
base::Result<std::string> invent_name();

}  // namespace engine
