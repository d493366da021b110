// Addresses of registries: taken apart, and which of them may be spoken to.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace image {

struct Url {
  std::string scheme{};  // lower case
  std::string host{};    // lower case; IPv6 without its brackets
  std::string port{};    // always there for http and https
  std::string text{};    // the whole, as requested

  // Same scheme, host and port: credentials may go there.
  bool same_place(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
};

// Kind::Config for what is no URL, or carries a user, a password or control characters.
base::Result<Url> parse_url(std::string_view text);

// What `text`, absolute or relative, means in an answer to a request of `base_url`; the empty text
// when it is no URL.
std::string resolve_url(const std::string& base_url, const std::string& text);

// localhost, 127.0.0.0/8, ::1 (as text: names are not looked up).
bool is_loopback(std::string_view host);
// 169.254.0.0/16, fe80::/10: where clouds keep what only the machine itself should read.
bool is_link_local(std::string_view host);

// What may be requested on behalf of `registry` (a host): https anywhere; http on loopback only,
// unless `plain_http`; loopback for a registry on loopback only; link-local never.
base::Status check_reachable(const Url& url, std::string_view registry_host, bool plain_http);

// For a query or a form: everything but letters, digits and "-._~" as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace image
