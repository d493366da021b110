// Descriptors: the type, digest and size of content that another document points at.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/digest.h"
#include "image/platform.h"

namespace image {

using Annotations = std::vector<std::pair<std::string, std::string>>;

// spec: descriptor.md#properties
struct Descriptor {
  std::string media_type{};
  Digest digest{};
  std::uint64_t size = 0;
  std::vector<std::string> urls{};
  Annotations annotations{};
  std::string artifact_type{};
  std::optional<Platform> platform{};
  std::string data{};  // base64, as written

  // The value of an annotation, or the empty text.
  std::string annotation(std::string_view name) const;
  // Replaces or adds one.
  void annotate(std::string_view name, std::string_view value);
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

// Kind::Config names the JSON path. Unknown members are ignored.
base::Result<Descriptor> read_descriptor(const base::Place& place);
base::Json write_descriptor(const Descriptor& descriptor);

}  // namespace image
