// Any text as an address and as what a registry's headers say: nothing taken could end a line of a
// request, and no address leads where none may.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "image/challenge.h"
#include "image/url.h"

namespace {
bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

void check_url(const std::string& text) {
  auto url = image::parse_url(text);
  if (!url) return;
  if (has_control(url.value().text) || has_control(url.value().host)) std::abort();
  bool reachable = static_cast<bool>(image::check_reachable(url.value(), "example.org", false));
  bool lawful = url.value().scheme == "https" && !image::is_loopback(url.value().host) &&
                !image::is_link_local(url.value().host);
  if (reachable && !lawful) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto& challenge : image::parse_challenges(text)) {
    if (challenge.scheme.empty()) std::abort();
    check_url(challenge.parameter("realm"));
  }
  check_url(text);
  auto resolved = image::resolve_url("https://example.org/v2/a/blobs/x", text);
  if (has_control(resolved)) std::abort();
  check_url(resolved);
  if (has_control(image::percent_encoded(text))) std::abort();
  return 0;
}
