// Applies the entries of one layer to a root file system, never outside it whatever they say.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/archive.h"

namespace image {

// Against archives that are made to fill a disk. Zero: no limit.
struct ExtractLimits {
  std::uint64_t bytes = 256ULL << 30;     // content of files, holes included, over all layers
  std::uint64_t entries = 5'000'000;      // over all layers
  std::uint64_t ratio = 500;              // plain bytes per compressed byte, of each layer …
  std::uint64_t ratio_from = 1ULL << 30;  // … once it has this many plain bytes
};

struct ExtractOptions {
  // For an ordinary user: owners stay the user's, set-id bits and privileged attributes are
  // dropped, device nodes left out, folders stay open for their owner.
  bool rootless = false;
  ExtractLimits limits{};
};

// What several layers on one root share.
struct ExtractTotals {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  // What could not be kept, one sentence for each kind of thing.
  std::vector<std::string> notes{};
};

// Takes the entries of one layer. An entry's parents are resolved inside the root as a container
// would see them (links included), its last name is never followed: what is there is replaced. The
// caller has set the umask to 0. man: openat2(2), RESOLVE_IN_ROOT; spec:
// layer.md#applying-changesets
class Extractor : public EntrySink {
 public:
  // `root`, `options` and `totals` outlive it. first: the root was empty, so nothing can be hidden.
  Extractor(base::FdRef root, const ExtractOptions& options, ExtractTotals* totals, bool first);
  ~Extractor() override;
  base::Status begin(const Entry& entry) override;
  base::Status content(std::uint64_t offset, std::string_view bytes) override;
  base::Status end() override;
  // After the last entry: gives folders their modes, attributes and times.
  base::Status finish();

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace image
