// What an index leads to: all images of all platforms, through the indexes inside it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/layout.h"
#include "image/manifest.h"
#include "image/platform.h"

namespace image {

// Gives the verified bytes of a document.
using ReadDocument = std::function<base::Result<std::string>(const Descriptor&)>;
ReadDocument read_from(const Store& store);

// An image of the tree. Its descriptor is the index's entry, with the platform.
struct TreeImage {
  Descriptor descriptor{};
  std::string bytes{};
  Manifest manifest{};

  // Whether it is one that could run: indexes also list what is said about their images (a
  // builder's attestations), which has no layers of files.
  bool can_run() const;
};
struct TreeIndex {
  Descriptor descriptor{};
  std::string bytes{};
};

struct Tree {
  std::vector<TreeImage> images{};
  std::vector<TreeIndex> indexes{};  // an index stands behind those that it holds: the top is last

  // Layers, configurations and documents, each once; what others need stands first.
  std::vector<Descriptor> blobs() const;
};

// Everything below the top, which may be a manifest itself; what is listed twice is there once.
// Kind::Config for indexes nested deeper than 4, inside themselves, of more than 1000 documents or
// 64 MiB in all; Kind::Unsupported for an entry that is neither manifest nor index.
base::Result<Tree> read_tree(const Descriptor& top, const ReadDocument& read);

// Each image belongs together: a configuration, and as many layers of known types. What an index
// lists besides its images is passed over, but one image there must be. Gives the platform of the
// configuration when the top is a manifest itself.
base::Result<std::optional<Platform>> check_tree(const Tree& tree, const ReadDocument& read);

// The manifest for this platform: the top itself, whatever it is for, when it is one.
base::Result<Descriptor> choose_image(const Descriptor& top, const Platform& platform,
                                      const ReadDocument& read);

}  // namespace image
