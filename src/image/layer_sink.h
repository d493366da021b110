// The bytes of one layer, as they come, to files below a folder.
#pragma once
#include <memory>

#include "base/fd.h"
#include "base/result.h"
#include "image/descriptor.h"
#include "image/digest.h"
#include "image/extract.h"

namespace image {

// Verifies, inflates, measures and extracts what is written to it. spec:
// layer.md#applying-changesets, config.md#layer-diffid
class LayerSink : public Sink {
 public:
  // The compressed bytes must be those of the descriptor, the plain ones have the digest diff_id.
  // `root` is opened for reading, not O_PATH; it, the options and the totals outlive the sink. The
  // caller holds a NoUmask.
  LayerSink(const Descriptor& descriptor, const Digest& diff_id, base::FdRef root, Onto onto,
            const ExtractOptions& options, ExtractTotals* totals);
  ~LayerSink() override;
  // What goes wrong inside the layer is told by finish(): a damaged stream is said to be damaged,
  // rather than what came of the damage.
  base::Status write(std::string_view bytes) override;
  base::Status finish();

  // What the layer turned out to be.
  const Extractor& extractor() const;

 private:
  struct Chain;
  std::unique_ptr<Chain> chain_;
};

// No umask while a root file system is made: its modes are the image's. Of the whole process.
class NoUmask {
 public:
  NoUmask();
  NoUmask(const NoUmask&) = delete;
  NoUmask& operator=(const NoUmask&) = delete;
  ~NoUmask();

 private:
  unsigned former_;
};

}  // namespace image
