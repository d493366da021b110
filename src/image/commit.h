// What a container changed as a further layer of its image.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "image/layout.h"
#include "image/overlay_bundle.h"

namespace image {

struct CommitOptions {
  std::string author{};
  std::string message{};
  std::string created{};                      // RFC 3339: when
  std::string created_by = "bundler commit";  // the line of history
  std::vector<std::string> instructions{};    // as apply_instruction takes them
  bool compress = true;                       // the layer as gzip
};

// A new image of this name: the layers of the bundle's image, one with what its container changed,
// and the image's configuration with the instructions, the layer and a line of history added; all
// else in it stays as it is. The container should not write meanwhile. Kind::State when the store
// has no longer what the bundle was made of.
// spec: layer.md#representing-changes, config.md#properties (history)
base::Result<Descriptor> commit_bundle(const Store& store, const OverlayBundle& bundle,
                                       const Reference& name, const CommitOptions& options);

}  // namespace image
