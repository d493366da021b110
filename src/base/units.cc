#include "base/units.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/named.h"
#include "base/text.h"

namespace base {
namespace {

// The largest double below 2^63, which is itself not a std::int64_t.
constexpr double kMost = 9223372036854774784.0;

// The number that the text begins with, which is then taken from it. Neither signs nor exponents.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return std::nullopt;
  double number = 0;
  auto end = text.data() + text.size();
  auto [rest, failure] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (failure != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return number;
}

constexpr std::array<Named<double>, 8> kUnits{{{"ns", 1.0},
                                               {"us", 1e3},
                                               {"\xc2\xb5s", 1e3},  // U+00B5, the micro sign
                                               {"\xce\xbcs", 1e3},  // U+03BC, the letter
                                               {"ms", 1e6},
                                               {"s", 1e9},
                                               {"m", 6e10},
                                               {"h", 3.6e12}}};

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
  auto wrong = [&] {
    return usage_error("must be a size such as 100M or 1.5g, got ", quote(text));
  };
  // Whole bytes are exact.
  if (auto bytes = parse<std::int64_t>(text); bytes && *bytes >= 0) return *bytes;
  auto rest = text;
  auto number = take_number(rest);
  if (!number) return wrong();
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  std::string unit(rest);
  for (auto& c : unit) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  constexpr std::string_view kPowers = "kmgtp";
  auto power = unit.empty() ? std::string_view::npos : kPowers.find(unit[0]);
  bool scaled = power != std::string_view::npos;
  auto tail = std::string_view(unit).substr(scaled ? 1 : 0);
  if (!(tail.empty() || tail == "b" || (scaled && tail == "ib"))) return wrong();
  for (std::size_t i = 0; scaled && i <= power; ++i) *number *= 1024;
  if (!(*number <= kMost)) return wrong();
  return static_cast<std::int64_t>(*number);
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  auto wrong = [&] {
    return usage_error("must be a time such as 5s, 1m30s or 500ms, got ", quote(text));
  };
  if (text == "0") return std::chrono::nanoseconds(0);
  double sum = 0;
  auto rest = text;
  do {
    auto number = take_number(rest);
    if (!number) return wrong();
    auto name = rest.substr(0, rest.find_first_of(".0123456789"));
    auto unit = value_of(kUnits, name);
    if (!unit) return wrong();
    rest.remove_prefix(name.size());
    sum += *number * *unit;
  } while (!rest.empty());
  if (!(sum <= kMost)) return wrong();
  return std::chrono::nanoseconds(static_cast<std::int64_t>(sum));
}

}  // namespace base
