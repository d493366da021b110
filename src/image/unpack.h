// Images to bundles that are whole in themselves.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "image/convert.h"
#include "image/extract.h"
#include "image/image_config.h"
#include "image/layer_bytes.h"
#include "image/manifest.h"

namespace image {

// Makes the bundle: BUNDLE/rootfs from the layers, BUNDLE/config.json from the image's
// configuration and the options. The bundle must not exist, or be an empty folder; it appears whole
// or not at all, for its owner only. Gives the notes on what could not be kept. Kind::State when
// something is there. spec: layer.md#applying-changesets, config.md#layer-diffid
base::Result<std::vector<std::string>> unpack_image(const Manifest& manifest,
                                                    const ImageConfig& config, LayerBytes& bytes,
                                                    const std::string& bundle,
                                                    const ConvertOptions& convert,
                                                    const ExtractOptions& options);

}  // namespace image
