// Push: an image of the store to a registry: configuration and layers, then the manifest.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/credentials.h"
#include "image/layout.h"
#include "image/progress.h"
#include "image/reference.h"
#include "image/registry.h"

namespace image {

struct PushOptions {
  std::optional<Platform> platform{};  // of an index only this image
  unsigned side_by_side = 4;           // blobs at once
  RegistryOptions registry{};
  std::vector<std::string> auth_files{};  // in the order in which they are asked
  HelperWorld helpers{};
};

// The image or the whole index of the name `from`, as `to` in its registry; gives the descriptor of
// the manifest or index. What the
// registry has already is not sent again, what another repository of it may have is mounted from
// there. Indexes go after what they list, the named document goes last: a push that fails leaves no
// name. A digest in `to` must be the manifest's. Errors name the manifest, config or layer.
base::Result<Descriptor> push(const Store& store, const Reference& from, const Reference& to,
                              const PushOptions& options, Progress& progress);

}  // namespace image
