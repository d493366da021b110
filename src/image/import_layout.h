// An OCI image layout's image into the store.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/index_tree.h"
#include "image/layout.h"
#include "image/platform.h"

namespace image {

// What the index calls `name` (its ref.name annotation, or the tag at its end; empty: the only
// one): the manifest for this platform where there are several, through nested indexes; without a
// platform the whole. Several entries of the same name are made one index, which `put` keeps.
using PutDocument = std::function<base::Result<Descriptor>(const std::string&)>;
base::Result<Descriptor> find_in_index(const Index& index, const std::string& name,
                                       const std::optional<Platform>& platform,
                                       const ReadDocument& read, const PutDocument& put);
PutDocument put_index_into(const Store& store);

// Copies what the layout's index calls so with all its blobs, each verified. Gives its descriptor;
// nothing is named in the store. The layout is only read. spec: image-layout.md
base::Result<Descriptor> copy_from_layout(const Store& store, base::FdRef layout,
                                          const std::string& name,
                                          const std::optional<Platform>& platform);

}  // namespace image
