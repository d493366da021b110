// A folder as a tar archive: PAX where ustar is too small, the same bytes for the same folder.
#pragma once
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "image/archive.h"
#include "image/digest.h"
#include "image/overlay.h"

namespace image {

// Writes entries one after the other: add, then content until the size is reached, then the next.
class TarWriter {
 public:
  explicit TarWriter(Sink* to) : to_(to) {}
  // The entry's header. Kind::Unsupported for what no header can hold.
  base::Status add(const Entry& entry);
  // Content of the entry added last; no more than its size.
  base::Status content(std::string_view bytes);
  // The end blocks.
  base::Status finish();

 private:
  base::Status pad();
  Sink* to_;
  std::uint64_t left_ = 0;     // of the present entry's content
  std::uint64_t padding_ = 0;  // to write after it
};

// All that the folder holds (itself first, as "./") and the end blocks: in the order of names, with
// owners, modes, times in whole seconds, portable extended attributes, hard links and devices. Left
// out: sockets, and what the kernel shows in procfs, sysfs and the like mounted below. Links are
// never followed.
base::Status write_tree(base::FdRef folder, TarWriter& to);

// What has this name in the folder, file, link or folder with all that it holds, as an entry of
// this path; all else as write_tree, without the end blocks.
base::Status write_entry(base::FdRef folder, const std::string& name, const std::string& path,
                         TarWriter& to);
// All that the folder holds, as entries below this path, the folder itself first; in the same way.
base::Status write_folder(base::FdRef folder, const std::string& path, TarWriter& to);

// write_tree of the upper folder of an overlay, whose marks become whiteouts.
// spec: layer.md#representing-changes
base::Status write_changes(base::FdRef upper, OverlayAttributes attributes, TarWriter& to);

}  // namespace image
