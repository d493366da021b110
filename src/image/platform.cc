#include "image/platform.h"

#include <algorithm>
#include <optional>

namespace image {
namespace {

// The variant that is meant where none is written.
std::string_view usual_variant(std::string_view architecture) {
  if (architecture == "arm") return "v7";
  if (architecture == "arm64") return "v8";
  if (architecture == "amd64") return "v1";
  return {};
}

// "v7" → 70, "v8.1" → 81; nothing for words that have no order.
std::optional<int> rank(std::string_view variant) {
  if (variant.size() < 2 || variant.front() != 'v') return std::nullopt;
  variant.remove_prefix(1);
  auto dot = variant.find('.');
  auto whole = base::parse<unsigned char>(variant.substr(0, dot));
  if (!whole) return std::nullopt;
  if (dot == std::string_view::npos) return *whole * 10;
  auto part = base::parse<unsigned char>(variant.substr(dot + 1));
  if (!part || *part > 9) return std::nullopt;
  return *whole * 10 + *part;
}

}  // namespace

std::string Platform::text() const {
  auto out = base::cat(os, "/", architecture);
  if (!variant.empty()) out += "/" + variant;
  return out;
}

Platform host_platform() {
#if defined(__x86_64__)
  return {.os = "linux", .architecture = "amd64"};
#elif defined(__aarch64__)
  return {.os = "linux", .architecture = "arm64", .variant = "v8"};
#else
#error "name this architecture as GOARCH does"
#endif
}

base::Result<Platform> parse_platform(std::string_view text) {
  auto parts = base::split(text, '/');
  bool good = parts.size() == 2 || parts.size() == 3;
  for (auto part : parts)
    good =
        good && !part.empty() &&
        part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
  if (!good)
    return base::usage_error("platform ", base::quote(text),
                             ": must be OS/ARCHITECTURE[/VARIANT], such as linux/arm64 or "
                             "linux/arm/v7");
  Platform out{.os = std::string(parts[0]), .architecture = std::string(parts[1])};
  if (parts.size() == 3) out.variant = parts[2];
  return out;
}

int distance(const Platform& wanted, const Platform& offered) {
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return -1;
  auto usual = usual_variant(wanted.architecture);
  auto want = wanted.variant.empty() ? usual : std::string_view(wanted.variant);
  auto offer = offered.variant.empty() ? usual : std::string_view(offered.variant);
  if (want == offer) return 0;
  auto want_rank = rank(want);
  auto offer_rank = rank(offer);
  if (!want_rank || !offer_rank || *offer_rank > *want_rank) return -1;
  return *want_rank - *offer_rank;
}

}  // namespace image
