// Root file systems and foreign image layouts as images of the store.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "image/compression.h"
#include "image/layout.h"
#include "image/platform.h"
#include "image/reference.h"
#include "image/trust.h"

namespace image {

struct ImportOptions {
  Platform platform = host_platform();  // of a root file system; which image of a layout or archive
  bool all_platforms = false;           // of a layout or archive: the whole
  bool compress = true;                 // a root file system's layer as gzip
  GrowthLimit growth{};                 // of whatever comes compressed
  std::vector<std::string> command{};   // Cmd of a root file system's image; default: /bin/sh
  // Of a root file system's image: when and how it was made, and what is changed in it.
  std::string created{};  // RFC 3339
  std::string created_by = "bundler import";
  std::string message{};
  std::vector<std::string> instructions{};  // as apply_instruction takes them
  Trust trust{};
};

// SOURCE, a path on the host, as an image of this name:
//   a folder that holds an oci-layout file   the image `layout_name` in it, or its only one
//   any other folder                         its content as one layer
//   a file with a packed image               the same, of an OCI archive or of docker save
//   any other file                           a tar, compressed or not, as one layer
// Nothing is named unless all of it is good: blobs of a layout are verified, a tar is read to its
// end. Kind::Config for damage, Kind::Usage for a source that is none of these.
base::Result<Descriptor> import_source(const Store& store, const std::string& source,
                                       const std::string& layout_name, const Reference& name,
                                       const ImportOptions& options);

}  // namespace image
