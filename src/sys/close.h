// Descriptors, closed by range.
#pragma once
#include <vector>

#include "base/result.h"

namespace sys {

// Closes every descriptor from `first` up, at once, but these. man: close_range(2), Linux 5.9
base::Status close_from(unsigned first, std::vector<int> kept = {});

}  // namespace sys
