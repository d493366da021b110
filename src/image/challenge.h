// What a registry asks for when it answers 401: the WWW-Authenticate header.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace image {

struct Challenge {
  std::string scheme{};                                           // lower case: "bearer", "basic"
  std::vector<std::pair<std::string, std::string>> parameters{};  // names in lower case

  // The value, or the empty text.
  std::string parameter(std::string_view name) const;
};

// The challenges of one header's value, in order; what does not follow the grammar ends the list.
// spec: registry-auth token.md#how-to-authenticate; RFC 7235, section 4.1
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace image
