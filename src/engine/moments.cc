#include "engine/moments.h"

#include <array>
#include <ctime>

#include "base/text.h"
#include "base/time.h"
#include "base/units.h"

namespace engine {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLatest = 9'000'000'000;  // seconds: what nanoseconds can hold

// "1769862896" or "1769862896.25".
std::optional<std::int64_t> seconds_since_1970(std::string_view text) {
  auto dot = text.find('.');
  auto whole = base::parse<std::uint32_t>(text.substr(0, dot));
  if (!whole) return std::nullopt;
  auto out = static_cast<std::int64_t>(*whole) * kSecond;
  if (dot == std::string_view::npos) return out;
  auto digits = std::string(text.substr(dot + 1));
  if (digits.empty() || digits.size() > 9) return std::nullopt;
  digits.resize(9, '0');
  auto part = base::parse<std::uint32_t>(digits);
  if (!part) return std::nullopt;
  return out + *part;
}

std::optional<std::int64_t> local_time(const std::string& text) {
  constexpr std::array kForms = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
  for (const auto* form : kForms) {
    struct tm parts {};
    parts.tm_isdst = -1;
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (!end || *end) continue;
    auto seconds = static_cast<std::int64_t>(::mktime(&parts));
    if (seconds < 0 || seconds > kLatest) return std::nullopt;
    return seconds * kSecond;
  }
  return std::nullopt;
}

}  // namespace

base::Result<std::optional<std::int64_t>> parse_moment(std::string_view option,
                                                       std::string_view text, std::int64_t now) {
  std::optional<std::int64_t> out;
  if (text.empty()) return out;
  out = base::parse_rfc3339(text);
  if (!out) out = seconds_since_1970(text);
  if (!out) out = local_time(std::string(text));
  if (out) return out;
  auto span = base::parse_duration(text);
  if (!span)
    return base::usage_error(
        option, " ", base::quote(text),
        ": must be a point in time (2026-01-31T12:00:00Z, seconds since 1970) or a span (10m)");
  out = now - span.value().count();
  return out;
}

}  // namespace engine
