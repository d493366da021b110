// What pulling one image and pulling the whole have in common.
#pragma once
#include <string>

#include "base/result.h"
#include "image/arrivals.h"
#include "image/layout.h"
#include "image/progress.h"
#include "image/pull.h"
#include "image/registry.h"
#include "image/trust.h"

namespace image {

struct Wanted {
  std::string what{};  // "config", "layer"
  Descriptor descriptor{};
};

// A document with the descriptor that its bytes have.
struct Known {
  Descriptor descriptor{};
  std::string bytes{};
};

// The document that a descriptor of an index names, from the store or the registry.
base::Result<Known> fetch_described(Registry& registry, Transport& transport, const Store& store,
                                    const Descriptor& descriptor);

// `arrivals` is told of the bytes, when somebody reads them meanwhile; else it is nullptr.
base::Status fetch_blob(Registry& registry, Transport& transport, const Store& store,
                        const Wanted& wanted, Progress& progress, Arrivals* arrivals);

// The index with all its images under its name in the store (or the manifest, whatever platform it
// is for); the policy must accept each of them.
base::Result<Descriptor> pull_whole(const Store& store, const ImageSource& source, const Known& top,
                                    const PullOptions& options, Stop& stop, Progress& progress);

}  // namespace image
