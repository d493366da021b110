// Where the bytes of an image's layers come from: the store, or a download that is under way.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "image/blobs.h"
#include "image/manifest.h"

namespace image {

class LayerBytes {
 public:
  LayerBytes() = default;
  LayerBytes(const LayerBytes&) = delete;
  LayerBytes& operator=(const LayerBytes&) = delete;
  virtual ~LayerBytes() = default;
  // Gives the sink all the compressed bytes of the layer of this number, counted from 0; may be
  // called by several threads at once.
  virtual base::Status feed(std::size_t layer, Sink& to) = 0;
};

// Told how many more bytes of the layers are through, by several threads.
using LayerProgress = std::function<void(std::uint64_t more)>;

// From the store, which has the blobs.
class StoredLayers : public LayerBytes {
 public:
  // Both outlive it.
  StoredLayers(const Blobs& blobs, const Manifest& manifest, LayerProgress progress = {})
      : blobs_(blobs), manifest_(manifest), progress_(std::move(progress)) {}
  base::Status feed(std::size_t layer, Sink& to) override;

 private:
  const Blobs& blobs_;
  const Manifest& manifest_;
  LayerProgress progress_;
};

}  // namespace image
