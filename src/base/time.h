// Points in time as text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// "2026-01-31T12:34:56.123456789Z" of seconds and nanoseconds since 1970, UTC. RFC 3339
std::string rfc3339(std::int64_t seconds, std::int64_t nanoseconds);

// A point in time as nanoseconds since 1970, of RFC 3339 with any offset; nothing for another text.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace base
