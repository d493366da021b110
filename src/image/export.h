// Images of the store for other programs: as an OCI image layout, or as one archive.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/layout.h"

namespace image {

// Adds the image, or the index with all its images, to the layout in this folder, which is made if
// it is missing; an image of the same name in it is replaced. In a layout an image goes by its tag.
// Every blob is verified on its way. spec: image-layout.md
base::Status export_to_layout(const Store& store, const Reference& name, const Descriptor& top,
                              const std::string& folder);

// An OCI image layout in a tar.
base::Status export_oci_archive(const Store& store, const Reference& name, const Descriptor& top,
                                Sink& to);

// What `docker load` reads: manifest.json, the configuration, and the layers as plain tars.
// compat: docker save
base::Status export_docker_archive(const Store& store, const Image& image, Sink& to);

}  // namespace image
