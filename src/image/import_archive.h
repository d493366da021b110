// Packed images into the store: OCI archives, and what `docker save` writes.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/compression.h"
#include "image/layout.h"
#include "image/platform.h"

namespace image {

// Whether a tar, compressed or not, holds a packed image and not a root file system: its first
// telling entry decides. Reads from the present offset on.
base::Result<bool> holds_packed_image(base::FdRef archive, GrowthLimit growth);

// Whether an image of "oci-archive" or "docker-archive" may be used.
using AcceptArchive = std::function<base::Status(const std::string& transport)>;

// The image of this name, or the only one, with its blobs, each verified; of several platforms this
// one, or all. Gives the manifest's descriptor; nothing is named in the store. What else the
// archive holds is not kept. spec: image-layout.md
// compat: docker save
base::Result<Descriptor> copy_from_archive(const Store& store, base::FdRef archive,
                                           const std::string& name,
                                           const std::optional<Platform>& platform,
                                           const AcceptArchive& accept, GrowthLimit growth);

}  // namespace image
