// Points in time as people write them. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace engine {

// Nanoseconds since 1970 of "10m" (so long before `now`), "2026-01-31T12:34:56Z", the same without
// an offset or without the time of day (local time), "1769862896.5" (seconds since 1970).
// `option` names it in the error, Kind::Usage. Nothing for an empty text.
// compat: docker logs --since
base::Result<std::optional<std::int64_t>> parse_moment(std::string_view option,
                                                       std::string_view text, std::int64_t now);

}  // namespace engine
