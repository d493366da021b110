// An OCI image layout's image into the store.
#pragma once
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/layout.h"
#include "image/platform.h"

namespace image {

// Gives the verified bytes of a document.
using ReadDocument = std::function<base::Result<std::string>(const Descriptor&)>;

// The manifest of the image that this index calls `name` (its ref.name annotation, or the tag at
// its end; empty: the only one), for this platform where there are several, through nested indexes.
base::Result<Descriptor> find_in_index(const Index& index, const std::string& name,
                                       const Platform& platform, const ReadDocument& read);

// Copies the image that the layout's index calls `name` (its ref.name annotation, or the tag at its
// end; empty: the only one), for this platform where there are several, with all its blobs, each
// verified. Gives the manifest's descriptor; nothing is named in the store. The layout is only
// read. spec: image-layout.md
base::Result<Descriptor> copy_from_layout(const Store& store, base::FdRef layout,
                                          const std::string& name, const Platform& platform);

}  // namespace image
