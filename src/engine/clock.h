// The present.
#pragma once
#include <string>

namespace engine {

// As RFC 3339, in UTC, to the nanosecond.
std::string present_time();

}  // namespace engine
