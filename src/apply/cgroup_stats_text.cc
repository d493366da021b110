#include "apply/cgroup_stats_text.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace apply {
namespace {

constexpr std::size_t kMostListed = 65536;

std::uint64_t number_of(std::string_view text) {
  text = base::trim(text);
  if (text == "max") return std::numeric_limits<std::uint64_t>::max();
  return base::parse<std::uint64_t>(text).value_or(0);
}

double decimal_of(std::string_view text) {
  double out = 0;
  auto end = text.data() + text.size();
  auto [rest, failure] = std::from_chars(text.data(), end, out, std::chars_format::fixed);
  return failure == std::errc{} && rest == end ? out : 0;
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"
PressureLine pressure_line(const std::vector<std::string_view>& words) {
  PressureLine out;
  for (auto word : words) {
    auto key = word.substr(0, word.find('='));
    auto value = word.substr(std::min(key.size() + 1, word.size()));
    if (key == "avg10") out.avg10 = decimal_of(value);
    if (key == "avg60") out.avg60 = decimal_of(value);
    if (key == "avg300") out.avg300 = decimal_of(value);
    if (key == "total") out.total = number_of(value);
  }
  return out;
}

}  // namespace

std::uint64_t number_in(const ControlFiles& files, const std::string& file) {
  auto text = files.text(file);
  return text ? number_of(*text) : 0;
}

KeyedNumbers keyed_numbers(std::string_view text) {
  KeyedNumbers out;
  for (auto line : base::split(text, '\n'))
    if (auto parts = base::words(line); parts.size() == 2)
      out.emplace_back(parts[0], number_of(parts[1]));
  return out;
}

KeyedNumbers keyed_numbers_in(const ControlFiles& files, const std::string& file) {
  auto text = files.text(file);
  return text ? keyed_numbers(*text) : KeyedNumbers();
}

std::uint64_t value_of(const KeyedNumbers& numbers, std::string_view key) {
  for (const auto& [name, value] : numbers)
    if (name == key) return value;
  return 0;
}

std::vector<std::uint64_t> number_list(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (auto part : base::split(base::trim(text), ',')) {
    auto dash = part.find('-');
    auto first = base::parse<std::uint64_t>(part.substr(0, dash));
    auto last = dash == part.npos ? first : base::parse<std::uint64_t>(part.substr(dash + 1));
    if (!first || !last || *last < *first || *last - *first >= kMostListed - out.size()) return {};
    for (auto n = *first; n <= *last; ++n) out.push_back(n);
  }
  return out;
}

std::optional<Pressure> pressure_in(const ControlFiles& files, const std::string& file) {
  auto text = files.text(file);
  if (!text) return std::nullopt;
  std::optional<Pressure> out;
  for (auto line : base::split(*text, '\n')) {
    auto parts = base::words(line);
    if (parts.empty()) continue;
    if (!out) out.emplace();
    if (parts[0] == "some") out->some = pressure_line(parts);
    if (parts[0] == "full") out->full = pressure_line(parts);
  }
  return out;
}

std::vector<std::string> page_sizes(const ControlFiles& files, std::string_view end) {
  constexpr std::string_view kBegin = "hugetlb.";
  std::vector<std::string> out;
  for (std::string_view name : files.names) {
    if (!name.starts_with(kBegin) || !name.ends_with(end)) continue;
    auto size = name.substr(kBegin.size(), name.size() - kBegin.size() - end.size());
    // "2MB.rsvd" is no size.
    if (!size.empty() && size.find('.') == size.npos) out.emplace_back(size);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace apply
