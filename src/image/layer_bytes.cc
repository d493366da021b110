#include "image/layer_bytes.h"

#include "image/stream.h"

namespace image {
namespace {

class Told : public Sink {
 public:
  Told(Sink& to, const LayerProgress& progress) : to_(to), progress_(progress) {}
  base::Status write(std::string_view bytes) override {
    TRY(to_.write(bytes));
    if (progress_) progress_(bytes.size());
    return {};
  }

 private:
  Sink& to_;
  const LayerProgress& progress_;
};

}  // namespace

base::Status StoredLayers::feed(std::size_t layer, Sink& to) {
  auto blob = TRY(blobs_.open_blob(manifest_.layers[layer]));
  Told told(to, progress_);
  return image::feed(blob, told);
}

}  // namespace image
