// Compressed bytes in, plain bytes out: gzip and zstd as sinks that can be fed while downloading.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/digest.h"
#include "image/media.h"

namespace image {

// What the first bytes of a blob say that it is (four are enough); anything unknown is plain.
Compression detect(std::string_view first_bytes);

// Against content that is made to fill a disk: at most so many plain bytes for each compressed one,
// once there are `from` plain ones. ratio 0: no limit.
struct GrowthLimit {
  std::uint64_t ratio = 500;
  std::uint64_t from = 1ULL << 30;
};

// Passes what is written to it on, decompressed, in pieces of bounded size. The content's magic
// decides how, not its media type: registries label layers wrongly, and the digest of the plain
// bytes is verified anyway. Several gzip members or zstd frames in a row are one content; zeros
// after a gzip member are padding.
class Decompressor : public Sink {
 public:
  // `next` outlives it.
  explicit Decompressor(Sink* next, GrowthLimit growth = {});
  ~Decompressor() override;
  // Kind::Config when the content is damaged, or grows too much.
  base::Status write(std::string_view bytes) override;
  // There is no more: Kind::Config when the content is cut short.
  base::Status finish();

  class Codec;  // one of gzip, zstd, plain

 private:
  class Measured;  // stands before `next`
  base::Status start();
  std::uint64_t taken_ = 0;
  std::unique_ptr<Measured> next_;
  std::string first_{};  // until the magic is known
  std::unique_ptr<Codec> codec_{};
};

// Passes what is written to it on as one gzip member: fast rather than small.
class GzipCompressor : public Sink {
 public:
  explicit GzipCompressor(Sink* next);
  ~GzipCompressor() override;
  base::Status write(std::string_view bytes) override;
  base::Status finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
  Sink* next_;
};

}  // namespace image
