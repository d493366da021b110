// Removes what no name of the store leads to any more.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/layout.h"

namespace image {

struct Pruned {
  std::vector<Digest> blobs{};
  std::vector<std::string> layers{};  // unpacked ones: the names of their folders
  std::uint64_t bytes = 0;            // of the blobs, also of those that had arrived in part only
};

// Everything that index.json and bundles made of the store lead to, through indexes and manifests,
// stays; so does a blob whose name is no digest. Nothing is removed when a document on the way
// cannot be read. Waits until no other bundler works in the store: what one of them has fetched has
// no name yet. What pulls left half goes, too.
base::Result<Pruned> prune(const Store& store);
// The same without waiting, and without what can be resumed: nothing when another bundler works
// there.
base::Result<std::optional<Pruned>> try_prune(const Store& store);

}  // namespace image
