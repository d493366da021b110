// Properties of the unit that annotations set.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "plan/unit.h"

namespace plan {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A property in seconds is one in microseconds for D-Bus.
Result<UnitProperty> in_microseconds(std::string_view name, const BusValue& value) {
  constexpr double kMost = 1.8e13;
  constexpr std::uint64_t kMillion = 1'000'000;
  UnitProperty out;
  out.name = base::cat(name.substr(0, name.size() - 3), "USec");
  double seconds = -1;
  if (auto n = std::get_if<std::uint64_t>(&value.value)) {
    if (*n <= static_cast<std::uint64_t>(kMost)) {
      out.value = BusValue::number(*n * kMillion);
      return out;
    }
  } else if (auto i = std::get_if<std::int64_t>(&value.value)) {
    seconds = static_cast<double>(*i);
  } else if (auto d = std::get_if<double>(&value.value)) {
    seconds = *d;
  }
  if (!(seconds >= 0 && seconds <= kMost))
    return base::config_error("must be a number of seconds, since its name ends in Sec");
  out.value = BusValue::number(static_cast<std::uint64_t>(std::llround(seconds * 1e6)));
  return out;
}

Result<UnitProperty> property_of(std::string_view name, std::string_view text) {
  // compat: runc takes the same names.
  bool fits =
      name.size() > 2 && is_letter(name[0]) &&
      std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
  if (!fits) return base::config_error("the name of the property must be letters and digits");
  auto value = TRY(parse_bus_value(text));
  bool seconds = name.ends_with("Sec") && !name.ends_with("USec");
  if (seconds) return in_microseconds(name, value);
  return UnitProperty{std::string(name), std::move(value)};
}

}  // namespace

Result<UnitProperty> annotated_property(std::string_view name, std::string_view text) {
  return TRY(property_of(name, text), "annotations[\"", kPropertyAnnotation, name, "\"]");
}

}  // namespace plan
