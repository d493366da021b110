#include "base/time.h"

#include <chrono>
#include <cstdio>

namespace base {

std::string rfc3339(std::int64_t seconds, std::int64_t nanoseconds) {
  using namespace std::chrono;
  sys_seconds at{std::chrono::seconds(seconds)};
  auto day = floor<days>(at);
  year_month_day date(day);
  hh_mm_ss clock(at - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(nanoseconds));
  return text;
}

}  // namespace base
