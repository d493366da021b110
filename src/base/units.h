// Sizes and spans of time as people write them.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace base {

// Bytes of "4096", "100M", "1.5g", "64KiB", "64 kb": k, m, g, t, p are powers of 1024, in either
// case, with or without "b" or "iB". Kind::Usage for anything else and what is no std::int64_t.
Result<std::int64_t> parse_size(std::string_view text);

// "5s", "1m30s", "1.5h", "500ms", "0": numbers with ns, us, µs, ms, s, m or h. Kind::Usage for
// anything else, a negative one too. compat: Go's time.ParseDuration
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace base
