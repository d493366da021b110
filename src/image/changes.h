// What a container changed: the upper folder of an overlay against the layers below.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/overlay.h"

namespace image {

enum class ChangeKind { Added, Changed, Deleted };

struct Change {
  ChangeKind kind = ChangeKind::Added;
  std::string path{};  // absolute, as the container sees it
  friend bool operator==(const Change&, const Change&) = default;
};

// In the order of paths. A folder in which something changed is changed itself; of a folder that
// was added or deleted as a whole, what was in it is told too when it was added. compat: docker
// diff
base::Result<std::vector<Change>> overlay_changes(base::FdRef upper, base::FdRef below,
                                                  OverlayAttributes attributes);

}  // namespace image
