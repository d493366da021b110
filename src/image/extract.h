// Applies the entries of one layer to a root file system, never outside it whatever they say.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/archive.h"
#include "image/overlay.h"

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
  bool note_owners = false;  // that they stay the user's is worth a note
  ExtractLimits limits{};
  OverlayAttributes overlay_attributes = OverlayAttributes::Trusted;  // of Onto::Overlay
};

// What the layers of one image share, also when they are extracted side by side.
class ExtractTotals {
 public:
  // Kind::Config when an entry with so many bytes of content goes beyond a limit.
  base::Status add(std::uint64_t bytes, const ExtractLimits& limits);
  // A sentence on what could not be kept, with the first example; one for each kind of thing.
  void note(std::string_view sentence, std::string_view example);
  std::vector<std::string> notes() const;

 private:
  mutable std::mutex mutex_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t entries_ = 0;
  std::vector<std::string> notes_{};
};

// Where a layer is extracted to.
enum class Onto {
  Nothing,  // an empty root: nothing can be hidden
  Layers,   // a root that holds the layers below: what is hidden is removed
  Overlay,  // a folder of its own, to be put over others by overlayfs: what is hidden is marked
};

// Takes the entries of one layer. An entry's parents are resolved inside the root as a container
// would see them (links included), its last name is never followed: what is there is replaced. The
// caller has set the umask to 0. man: openat2(2), RESOLVE_IN_ROOT; spec:
// layer.md#applying-changesets
class Extractor : public EntrySink {
 public:
  // `root`, `options` and `totals` outlive it.
  Extractor(base::FdRef root, const ExtractOptions& options, ExtractTotals* totals, Onto onto);
  ~Extractor() override;
  base::Status begin(const Entry& entry) override;
  base::Status content(std::uint64_t offset, std::string_view bytes) override;
  base::Status end() override;
  // After the last entry: gives folders their modes, attributes and times.
  base::Status finish();

  // Of Onto::Overlay, after an error: the layer cannot stand alone, since the way to an entry or a
  // hard link's first name is in a layer below.
  bool needs_lower() const;
  // The layer says what the root itself is to be.
  bool has_root() const;
  // Of Onto::Overlay: the folders, parents first, that were made without an entry of their own, and
  // are to be as they are in the layers below.
  std::vector<std::string> implied() const;
  // It says that, hides nothing, and makes no folder but by an entry: it is the same whatever it is
  // put onto.
  bool stands_alone() const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace image
