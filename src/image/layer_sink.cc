#include "image/layer_sink.h"

#include "image/archive.h"
#include "image/compression.h"
#include "image/relay.h"
#include "image/stream.h"
#include "sys/file.h"

namespace image {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

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
        hash(promised.algorithm),
        plain(&hash, beside ? static_cast<Sink*>(&relay) : &archive),
        decompressor(&plain, {options.limits.ratio, options.limits.ratio_from}),
        verifier(descriptor.digest, descriptor.size, &fuse) {}

  Digest diff_id;
  Extractor extractor;
  ArchiveReader archive{&extractor};
  // One thread inflates and hashes, another makes the files: unless layers are made side by side,
  // which keeps the processors busy without.
  Relay relay{&archive};
  bool beside;
  HashSink hash;
  Both plain;
  Decompressor decompressor;
  Fuse fuse{&decompressor};
  Verifier verifier;
};

LayerSink::LayerSink(const Descriptor& descriptor, const Digest& diff_id, FdRef root, Onto onto,
                     const ExtractOptions& options, ExtractTotals* totals)
    : chain_(std::make_unique<Chain>(descriptor, diff_id, root, onto, options, totals)) {}
LayerSink::~LayerSink() = default;

Status LayerSink::write(std::string_view bytes) { return chain_->verifier.write(bytes); }

Status LayerSink::finish() {
  TRY(chain_->verifier.finish());
  TRY(chain_->fuse.result());
  TRY(chain_->decompressor.finish());
  TRY(chain_->relay.finish());
  TRY(chain_->archive.finish());
  auto found = TRY(chain_->hash.finish());
  if (found != chain_->diff_id)
    return base::config_error("its plain bytes have the digest ", found.text(),
                              ", the image's configuration promises ", chain_->diff_id.text());
  return chain_->extractor.finish();
}

const Extractor& LayerSink::extractor() const { return chain_->extractor; }

NoUmask::NoUmask() : former_(sys::umask(0)) {}
NoUmask::~NoUmask() { sys::umask(former_); }

}  // namespace image
