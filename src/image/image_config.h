// The image configuration: what to run in the image, and which layers make its file system.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/descriptor.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/platform.h"

namespace image {

// Defaults for the container's process. spec: config.md#properties (config)
struct Execution {
  std::string user{};
  std::vector<std::string> exposed_ports{};  // "8080/tcp"
  std::vector<std::string> env{};            // "NAME=VALUE"
  std::vector<std::string> entrypoint{};
  std::vector<std::string> cmd{};
  std::vector<std::string> volumes{};  // absolute folders in the container
  std::string working_dir{};
  Annotations labels{};
  std::string stop_signal{};
};

struct History {
  std::string created{};
  std::string author{};
  std::string created_by{};
  std::string comment{};
  bool empty_layer = false;
};

// spec: config.md#properties
struct ImageConfig {
  std::string created{};  // RFC 3339
  std::string author{};
  Platform platform{};
  Execution config{};
  std::vector<Digest> diff_ids{};
  std::vector<History> history{};
};

// Kind::Config names the JSON path; null members are absent ones; unknown members are ignored.
base::Result<ImageConfig> read_image_config(std::string_view bytes);
base::Json write_image_config(const ImageConfig& config);

// The layers and the configuration belong together: as many layers as diff_ids.
// spec: config.md#properties (rootfs.diff_ids)
base::Status check_layers(const Manifest& manifest, const ImageConfig& config);

}  // namespace image
