#include "image/layer_bytes.h"

#include <vector>

#include "sys/file.h"

namespace image {

base::Status StoredLayers::feed(std::size_t layer, Sink& to) {
  constexpr std::size_t kReadAtOnce = 256U << 10;
  auto blob = TRY(blobs_.open_blob(manifest_.layers[layer]));
  std::vector<char> buffer(kReadAtOnce);
  for (;;) {
    auto n = TRY(sys::read(blob, buffer));
    if (n == 0) return {};
    TRY(to.write({buffer.data(), n}));
    if (progress_) progress_(n);
  }
}

}  // namespace image
