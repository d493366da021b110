// A tar entry → what it does to the file system: create, hide one name, hide a folder's content.
#pragma once
#include <string>
#include <variant>

#include "base/result.h"
#include "image/archive.h"

namespace image {

// Make this, in place of what is there. The path is clean: relative, without "", "." and ".."
// parts; empty for the root itself. A hard link's target is clean in the same way.
struct Create {
  std::string path{};
  std::string link{};
};
// Remove what lower layers put under this clean path.
struct Hide {
  std::string path{};
};
// Remove all that lower layers put into this folder (clean; empty: the root).
struct HideContent {
  std::string path{};
};
// Nothing: bookkeeping of the AUFS file system that old images hold.
struct Ignore {};

using LayerOperation = std::variant<Create, Hide, HideContent, Ignore>;

// Kind::Config for what could only be an attack or damage: a ".." part, a root that is no folder, a
// whiteout of nothing, of "." or of "..", an entry below a whiteout, a link to nothing or to
// itself. Leading slashes are dropped: an absolute name is relative to the root file system. spec:
// layer.md#whiteouts
base::Result<LayerOperation> layer_operation(const Entry& entry);

}  // namespace image
