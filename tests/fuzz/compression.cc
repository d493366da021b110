// Any bytes as compressed content, in pieces: no crash, and no piece beyond the promised size.
#include "image/compression.h"

#include <cstdlib>

namespace {
class Bounded : public image::Sink {
 public:
  base::Status write(std::string_view bytes) override {
    constexpr std::size_t kMost = 4U << 20;
    seen_ += bytes.size();
    return seen_ > kMost ? base::config_error("enough") : base::Status();
  }

 private:
  std::size_t seen_ = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Bounded out;
  image::Decompressor decompressor(&out);
  std::size_t piece = size == 0 ? 1 : 1 + static_cast<unsigned char>(bytes[size - 1]) * 7U;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    if (!decompressor.write(bytes.substr(0, piece))) return 0;
  (void)decompressor.finish();
  return 0;
}
