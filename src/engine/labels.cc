#include "engine/labels.h"

#include <algorithm>

#include "base/text.h"

namespace engine {

using base::Result;

namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

Result<Words> read_lines(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Words out;
  std::size_t number = 0;
  for (auto line : base::split(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    line.remove_prefix(begin);
    if (line.starts_with('#')) continue;
    auto name = line.substr(0, line.find('='));
    if (name.empty())
      return base::usage_error("line ", number, " has no name: ", base::quote(line));
    if (name.find_first_of(kBlanks) != std::string_view::npos)
      return base::usage_error("line ", number, ": a name with blanks: ", base::quote(name));
    out.emplace_back(line);
  }
  return out;
}

std::optional<std::string> value_of(const Words& environment, std::string_view name) {
  for (const auto& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

Result<std::vector<std::pair<std::string, std::string>>> read_labels(const Words& labels) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& label : labels) {
    auto equals = label.find('=');
    auto name = label.substr(0, equals);
    auto value = equals == std::string::npos ? std::string() : label.substr(equals + 1);
    if (name.empty())
      return base::usage_error("must be NAME or NAME=VALUE, got ", base::quote(label));
    auto same =
        std::find_if(out.begin(), out.end(), [&](const auto& o) { return o.first == name; });
    if (same == out.end())
      out.emplace_back(std::move(name), std::move(value));
    else
      same->second = std::move(value);
  }
  return out;
}

}  // namespace engine
