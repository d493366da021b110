// Pull: an image from a registry into the store: index → platform → manifest → configuration and
// layers.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/credentials.h"
#include "image/layer_bytes.h"
#include "image/layout.h"
#include "image/platform.h"
#include "image/progress.h"
#include "image/reference.h"
#include "image/registries.h"
#include "image/registry.h"
#include "image/trust.h"

namespace image {

struct PullOptions {
  Platform platform{};
  bool all_platforms = false;  // an index as a whole
  unsigned side_by_side = 4;   // blobs at once
  RegistryOptions registry{};
  std::vector<std::string> auth_files{};  // in the order in which they are asked
  HelperWorld helpers{};
  // Where it is asked for, in order; none: where its name says.
  std::vector<Endpoint> sources{};
  Trust trust{};
};

// What is done with an image while its layers still arrive; called by the thread that pulls.
using Meanwhile = std::function<base::Status(const Image& image, LayerBytes& arriving)>;

// The image under its name in the store, from the first source that can be reached and has it (an
// error names them all), if the policy accepts its manifest. Every document and blob is verified
// before it gets a name; what the store has already is not fetched again. On failure no name and no
// half blob is left; blobs that had arrived whole stay, for the next try. Errors name the manifest,
// config or layer.
// What `meanwhile` fails with ends the pull.
base::Result<Descriptor> pull(const Store& store, const Reference& reference,
                              const PullOptions& options, Progress& progress,
                              const Meanwhile& meanwhile = {});

}  // namespace image
