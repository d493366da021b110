// What `--filter NAME=VALUE` leaves of a list.
#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace engine {

struct Filter {
  std::string name{};
  std::string value{};
};
// Kind::Usage for what has no "=".
inline base::Result<Filter> parse_filter(const std::string& text) {
  auto equals = text.find('=');
  if (equals == std::string::npos)
    return base::usage_error("--filter ", base::quote(text), ": must be NAME=VALUE");
  return Filter{text.substr(0, equals), text.substr(equals + 1)};
}

// Filters of one name are alternatives, but labels must all be there; those of several names must
// all hold. `matches` gives a Result<bool> for one filter. compat: docker
template <class Matches>
base::Result<bool> passes(const std::vector<std::string>& filters, const Matches& matches) {
  std::vector<std::pair<std::string, bool>> names;
  for (const auto& text : filters) {
    auto filter = TRY(parse_filter(text));
    bool good = TRY(matches(filter));
    auto known = std::find_if(names.begin(), names.end(),
                              [&](const auto& one) { return one.first == filter.name; });
    if (known == names.end())
      names.emplace_back(filter.name, good);
    else
      known->second = filter.name == "label" ? known->second && good : known->second || good;
  }
  return std::all_of(names.begin(), names.end(), [](const auto& one) { return one.second; });
}

}  // namespace engine
