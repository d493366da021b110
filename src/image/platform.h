// Platforms: which operating system and processor an image is for, and the choice among several.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace image {

// spec: image-index.md#image-index-property-descriptions (platform)
struct Platform {
  std::string os{};
  std::string architecture{};
  std::string variant{};
  std::string os_version{};
  std::vector<std::string> os_features{};

  std::string text() const;  // "linux/arm/v7"
  friend bool operator==(const Platform&, const Platform&) = default;
};

// The platform that this program was built for.
Platform host_platform();

// "linux/arm64", "linux/arm/v7"; anything else is Kind::Usage.
base::Result<Platform> parse_platform(std::string_view text);

// How well an offer serves: 0 is exact, larger is worse, -1 not at all. A processor runs images for
// older variants of its architecture: arm v7 runs v6 and v5, amd64 v3 runs v2 and v1.
// spec: image-index.md#platform-variants
int distance(const Platform& wanted, const Platform& offered);

}  // namespace image
