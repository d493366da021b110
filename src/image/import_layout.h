// An OCI image layout's image into the store.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/layout.h"
#include "image/platform.h"

namespace image {

// Copies the image that the layout's index calls `name` (its ref.name annotation, or the tag at its
// end; empty: the only one), for this platform where there are several, with all its blobs, each
// verified. Gives the manifest's descriptor; nothing is named in the store. The layout is only
// read. spec: image-layout.md
base::Result<Descriptor> copy_from_layout(const Store& store, base::FdRef layout,
                                          const std::string& name, const Platform& platform);

}  // namespace image
