// Bundles on shared layers: BUNDLE/{config.json, image.json, rootfs, upper, work}, rootfs being an
// overlay of the layers and of what the container changes.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/bundle.h"
#include "image/changes.h"
#include "image/convert.h"
#include "image/extract.h"
#include "image/layers.h"
#include "image/layout.h"

namespace image {

// BUNDLE/image.json: what the bundle was made of.
struct BundleRecord {
  std::string store{};    // absolute
  std::string image{};    // the reference in full
  Descriptor manifest{};  // in the store
  LayerNames layers{};    // the lowest first
  std::string workdir{};  // is made in rootfs where it is missing
};

struct CreateOptions {
  ConvertOptions convert{};
  ExtractOptions extract{};
  unsigned at_once = 2;  // layers
  Adjust adjust{};       // the last word on config.json
  bool mount = true;     // else OverlayBundle::mount is to be called later
};

// Makes the bundle and mounts its rootfs. As unpack_image, but that layers are unpacked only when
// the store does not have them. Gives the notes on what could not be kept. Kind::Unsupported for
// who may not mount.
base::Result<std::vector<std::string>> create_bundle(const Store& store, const Image& image,
                                                     LayerBytes& bytes, const std::string& bundle,
                                                     const CreateOptions& options);

class OverlayBundle {
 public:
  // Kind::State when the folder was not made by create_bundle.
  static base::Result<OverlayBundle> open(const std::string& bundle);

  const BundleRecord& record() const { return record_; }
  base::Result<bool> mounted() const;
  // After a restart of the machine, say. Nothing to do when it is mounted. Unless it is to last,
  // nothing that the container writes need ever reach the disk, which makes unmounting fast.
  enum class Changes { Last, Pass };
  base::Status mount(const Store& store, Changes changes = Changes::Last) const;
  // Nothing to do when it is not mounted. Kind::State when it is in use.
  base::Status unmount() const;
  // Unmounts, and removes the folder with all that was changed in the container.
  base::Status remove(const Store& store);

  // What the container changed: as a list, and as the folder that holds it.
  base::Result<std::vector<Change>> changes(const Store& store) const;
  base::Result<base::Fd> upper() const;

 private:
  std::string path_{};
  base::Fd folder_{};
  BundleRecord record_{};
};

// Of the bundles that were made of this store and are still there: their layers and manifests are
// in use.
base::Result<std::vector<BundleRecord>> bundles_of(const Store& store);

}  // namespace image
