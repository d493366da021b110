// The store: an OCI image layout whose index.json gives complete references to images.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/blobs.h"
#include "image/image_config.h"
#include "image/manifest.h"
#include "image/platform.h"
#include "image/reference.h"

namespace image {

// Where a name stands: the annotation of a descriptor in index.json. spec: annotations.md
inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";

// A named image, its documents read and verified.
struct Image {
  Reference reference{};
  Descriptor descriptor{};  // of the manifest
  Manifest manifest{};
  ImageConfig config{};
};

class Store {
 public:
  // Opens the layout in this folder and makes what is missing of it. A folder that holds an
  // oci-layout file of another version than 1.x is refused. spec: image-layout.md
  static base::Result<Store> open(const std::string& folder);

  const Blobs& blobs() const { return blobs_; }
  base::FdRef folder() const { return folder_; }

  // index.json as it stands.
  base::Result<Index> index() const;
  // Gives the image this name, which is taken from any other image. Under the store's lock: two
  // bundlers at once lose nothing. The descriptor's blob must be there.
  base::Status name(const Reference& reference, Descriptor descriptor) const;
  // Takes the name away; false when no image has it. The blobs stay: prune removes those.
  base::Result<bool> unname(const Reference& reference) const;
  // The manifest or index of this name, or nothing. A digest is found also in what a tag of the
  // repository names.
  base::Result<std::optional<Descriptor>> find(const Reference& reference) const;
  // The same; Kind::State when the store has none.
  base::Result<Descriptor> named(const Reference& reference) const;
  // The image of this name with its documents; where an index has the name, that for this platform.
  base::Result<Image> image(const Reference& reference,
                            const Platform& platform = host_platform()) const;
  // The documents of a named descriptor.
  base::Result<Image> image(const Reference& reference, const Descriptor& descriptor,
                            const Platform& platform = host_platform()) const;

 private:
  base::Fd folder_{};
  Blobs blobs_{};
};

}  // namespace image
