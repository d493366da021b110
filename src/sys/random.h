// Random bytes of the kernel.
#pragma once
#include <span>

#include "base/result.h"

namespace sys {

using base::Status;

// man: getrandom(2)
Status random_bytes(std::span<unsigned char> into);

}  // namespace sys
