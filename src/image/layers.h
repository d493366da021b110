// Layers unpacked, each in a folder of its own that bundles share: layers/ in the store.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/extract.h"
#include "image/image_config.h"
#include "image/layer_bytes.h"
#include "image/manifest.h"

namespace image {

// A folder's name is the digest of the layer's plain bytes, where the layer is the same whatever is
// below, so that all images share it; else the chain id, which tells also what is below ("-lowest"
// for nothing). What differs by who unpacked it has an ending. spec: config.md#layer-chainid
using LayerNames = std::vector<std::string>;

// Who unpacked a layer. Root of a user namespace: the folder has user.overlay.* attributes, and
// the name ends in "-user". One that has a single id: all files are its own as well, "-single".
enum class LayerKind { Root, User, SingleId };

// Both names that the image's layers can have, the lowest first.
struct LayerKeys {
  std::string alone{};
  std::string chain{};
};
std::vector<LayerKeys> layer_keys(const std::vector<Digest>& diff_ids, LayerKind kind);

class Layers {
 public:
  // Makes layers/ where it is missing. For its owner only, since set-id programs stand in it.
  static base::Result<Layers> open(base::FdRef store);

  // The names of the image's layers, the lowest first: those that are missing are unpacked, so
  // many at once. A folder appears whole or not at all; what arrived before an error stays. Several
  // bundlers may do the same at once. The caller holds a NoUmask.
  base::Result<LayerNames> provide(const Manifest& manifest, const ImageConfig& config,
                                   LayerBytes& bytes, const ExtractOptions& options,
                                   unsigned at_once, ExtractTotals* totals) const;

  // The folders of these names for reading, each once. Kind::NotFound when one is missing.
  base::Result<std::vector<base::Fd>> folders(const LayerNames& names) const;

  base::Result<LayerNames> list() const;
  base::Status remove(const std::string& name) const;
  // What killed bundlers left goes; what others work on stays.
  base::Status sweep() const;

 private:
  // The name of the folder that this layer has, or nothing.
  base::Result<std::string> find(const LayerKeys& keys) const;

  base::Fd folder_{};
};

}  // namespace image
