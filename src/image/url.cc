#include "image/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "image/late.h"

namespace image {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK || !text) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// The four bytes of a dotted address, or nothing.
std::optional<std::array<unsigned char, 4>> ipv4(std::string_view host) {
  auto parts = base::split(host, '.');
  if (parts.size() != 4) return std::nullopt;
  std::array<unsigned char, 4> out{};
  for (std::size_t i = 0; i < 4; ++i) {
    auto n = base::parse<unsigned char>(parts[i]);
    if (!n) return std::nullopt;
    out[i] = *n;
  }
  return out;
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
  TRY(load_curl());
  bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7f; });
  std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  std::string whole(text);
  if (!printable || !url || curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), 0) != CURLUE_OK)
    return base::config_error(base::quote(text), " is not a URL");
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty())
    return base::config_error("the URL ", base::quote(text), " must not carry credentials");
  Url out;
  out.scheme = lower(part(url.get(), CURLUPART_SCHEME));
  out.host = lower(part(url.get(), CURLUPART_HOST));
  if (out.host.starts_with('[') && out.host.ends_with(']'))
    out.host = out.host.substr(1, out.host.size() - 2);
  out.port = part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.text = std::move(whole);
  return out;
}

std::string resolve_url(const std::string& base_url, const std::string& text) {
  std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, base_url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return {};
  return part(url.get(), CURLUPART_URL);
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  auto address = ipv4(host);
  return address && (*address)[0] == 127;
}

bool is_link_local(std::string_view host) {
  if (auto address = ipv4(host)) return (*address)[0] == 169 && (*address)[1] == 254;
  constexpr std::string_view kMapped = "::ffff:";
  if (host.starts_with(kMapped)) return is_link_local(host.substr(kMapped.size()));
  return host.size() > 4 && host.starts_with("fe") &&
         std::string_view("89ab").find(host[2]) != std::string_view::npos &&
         host.find(':') != std::string_view::npos;
}

base::Status check_reachable(const Url& url, std::string_view registry_host, bool plain_http) {
  if (url.scheme != "https" && url.scheme != "http")
    return base::config_error(base::quote(url.text), " is neither http nor https");
  if (is_link_local(url.host) && url.host != registry_host)
    return base::config_error(base::quote(url.text), " is a link-local address");
  bool loopback = is_loopback(url.host);
  if (loopback && !is_loopback(registry_host))
    return base::config_error(base::quote(url.text), " leads from ", registry_host,
                              " to this machine");
  if (url.scheme == "http" && !loopback && !plain_http)
    return base::config_error(base::quote(url.text),
                              " is plain http, which only --plain-http allows");
  return {};
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace image
