// Images to root file systems and bundles.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/blobs.h"
#include "image/convert.h"
#include "image/extract.h"
#include "image/image_config.h"
#include "image/manifest.h"

namespace image {

struct UnpackOptions {
  ExtractOptions extract{};
  // Called now and then: compressed bytes of the image's layers done so far.
  std::function<void(std::uint64_t)> progress{};
};

// Applies one layer, compressed or plain, read from its present offset to its end, to the folder
// `root` (opened for reading, not O_PATH). The plain bytes must have the digest diff_id, the bytes
// read those of the descriptor. first: the root is empty. What was made stays when it fails. The
// caller has set the umask to 0. spec: layer.md#applying-changesets, config.md#layer-diffid
base::Status unpack_layer(base::FdRef layer, const Descriptor& descriptor, const Digest& diff_id,
                          base::FdRef root, bool first, const UnpackOptions& options,
                          ExtractTotals* totals);

// Makes the bundle: BUNDLE/rootfs from the layers, BUNDLE/config.json from the image's
// configuration and the options. The bundle must not exist, or be an empty folder; it appears whole
// or not at all, for its owner only. Gives the notes on what could not be kept. Kind::State when
// something is there.
base::Result<std::vector<std::string>> unpack_image(const Blobs& blobs, const Manifest& manifest,
                                                    const ImageConfig& config,
                                                    const std::string& bundle,
                                                    const ConvertOptions& convert,
                                                    const UnpackOptions& options);

}  // namespace image
