#include "image/layer_sink.h"

#include "image/archive.h"
#include "image/compression.h"
#include "image/relay.h"
#include "sys/file.h"

namespace image {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// The plain bytes of a layer: hashed for the diff_id, measured against the compressed ones.
class PlainBytes : public Sink {
 public:
  PlainBytes(Algorithm algorithm, const ExtractLimits& limits, const std::uint64_t* compressed,
             Sink* next)
      : hasher_(algorithm), limits_(limits), compressed_(compressed), next_(next) {}

  Status write(std::string_view bytes) override {
    seen_ += bytes.size();
    if (limits_.ratio != 0 && seen_ > limits_.ratio_from && seen_ / limits_.ratio > *compressed_)
      return base::config_error("the layer grows more than ", limits_.ratio, " times");
    hasher_.add(bytes);
    return next_->write(bytes);
  }
  Result<Digest> finish() { return hasher_.finish(); }

 private:
  Hasher hasher_;
  const ExtractLimits& limits_;
  const std::uint64_t* compressed_;
  Sink* next_;
  std::uint64_t seen_ = 0;
};

// Hands bytes on until that fails, and then only takes them: whoever verifies the whole stream can
// go on to its end, and say that it is damaged rather than what came of the damage.
class Fuse : public Sink {
 public:
  explicit Fuse(Sink* next) : next_(next) {}
  Status write(std::string_view bytes) override {
    if (result_) result_ = next_->write(bytes);
    return {};
  }
  Status result() { return std::move(result_); }

 private:
  Sink* next_;
  Status result_{};
};

}  // namespace

struct LayerSink::Chain {
  Chain(const Descriptor& descriptor, const Digest& promised, FdRef root, Onto onto,
        const ExtractOptions& options, ExtractTotals* totals)
      : diff_id(promised),
        extractor(root, options, totals, onto),
        beside(onto != Onto::Overlay),
        plain(promised.algorithm, options.limits, &read,
              beside ? static_cast<Sink*>(&relay) : &archive),
        verifier(descriptor.digest, descriptor.size, &fuse) {}

  std::uint64_t read = 0;
  Digest diff_id;
  Extractor extractor;
  ArchiveReader archive{&extractor};
  // One thread inflates and hashes, another makes the files: unless layers are made side by side,
  // which keeps the processors busy without.
  Relay relay{&archive};
  bool beside;
  PlainBytes plain;
  Decompressor decompressor{&plain};
  Fuse fuse{&decompressor};
  Verifier verifier;
};

LayerSink::LayerSink(const Descriptor& descriptor, const Digest& diff_id, FdRef root, Onto onto,
                     const ExtractOptions& options, ExtractTotals* totals)
    : chain_(std::make_unique<Chain>(descriptor, diff_id, root, onto, options, totals)) {}
LayerSink::~LayerSink() = default;

Status LayerSink::write(std::string_view bytes) {
  chain_->read += bytes.size();
  return chain_->verifier.write(bytes);
}

Status LayerSink::finish() {
  TRY(chain_->verifier.finish());
  TRY(chain_->fuse.result());
  TRY(chain_->decompressor.finish());
  TRY(chain_->relay.finish());
  TRY(chain_->archive.finish());
  auto found = TRY(chain_->plain.finish());
  if (found != chain_->diff_id)
    return base::config_error("its plain bytes have the digest ", found.text(),
                              ", the image's configuration promises ", chain_->diff_id.text());
  return chain_->extractor.finish();
}

bool LayerSink::needs_lower() const { return chain_->extractor.needs_lower(); }
bool LayerSink::has_root() const { return chain_->extractor.has_root(); }
bool LayerSink::stands_alone() const { return chain_->extractor.stands_alone(); }

NoUmask::NoUmask() : former_(sys::umask(0)) {}
NoUmask::~NoUmask() { sys::umask(former_); }

}  // namespace image
