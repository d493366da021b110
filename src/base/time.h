// Points in time as text.
#pragma once
#include <cstdint>
#include <string>

namespace base {

// "2026-01-31T12:34:56.123456789Z" of seconds and nanoseconds since 1970, UTC. RFC 3339
std::string rfc3339(std::int64_t seconds, std::int64_t nanoseconds);

}  // namespace base
