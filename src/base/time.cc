#include "base/time.h"

#include <chrono>
#include <cstdio>

#include "base/text.h"

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

namespace {

// The digits at this place as a number; nothing where another letter is among them.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  return parse<int>(text.substr(at, count));
}

// ".123", which is eaten, as nanoseconds.
std::int64_t eat_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  auto end = text.find_first_not_of("0123456789", 1);
  auto figures = text.substr(1, end == std::string_view::npos ? end : end - 1);
  text.remove_prefix(figures.size() + 1);
  std::int64_t out = 0;
  for (std::size_t i = 0; i < 9; ++i) out = out * 10 + (i < figures.size() ? figures[i] - '0' : 0);
  return out;
}

// "Z", "+02:00" in seconds.
std::optional<int> offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  auto hours = digits(text, 1, 2), minutes = digits(text, 4, 2);
  bool good = text.size() == 6 && text[3] == ':' && (text[0] == '+' || text[0] == '-');
  if (!good || !hours || !minutes) return std::nullopt;
  int seconds = (*hours * 60 + *minutes) * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  auto y = digits(text, 0, 4), m = digits(text, 5, 2), d = digits(text, 8, 2);
  auto h = digits(text, 11, 2), min = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!y || !m || !d || !h || !min || !s) return std::nullopt;
  bool marks = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ') &&
               text[13] == ':' && text[16] == ':';
  year_month_day date{year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d))};
  if (!marks || !date.ok() || *h > 23 || *min > 59 || *s > 60) return std::nullopt;
  text.remove_prefix(19);
  auto nanoseconds_more = eat_fraction(text);
  auto zone = offset(text);
  if (!zone) return std::nullopt;
  auto at = sys_days(date) + hours(*h) + minutes(*min) + seconds(*s - *zone);
  return at.time_since_epoch() / seconds(1) * 1'000'000'000 + nanoseconds_more;
}

}  // namespace base
