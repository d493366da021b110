// The oldest kernel that is supported, and its refusal.
#pragma once
#include <string_view>

#include "base/result.h"

namespace plan {

inline constexpr int kOldestMajor = 5;  // src/README.md, "Kernel features": what needs it
inline constexpr int kOldestMinor = 14;

// Kind::Unsupported for a release, as uname(2) has it ("6.1.0-18-amd64"), that is too old. A text
// that begins with no two numbers passes: what the kernel cannot do, its calls will tell.
base::Status kernel(std::string_view release);

}  // namespace plan
