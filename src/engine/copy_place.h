// The two sides of `cp` as typed, and what docker's rules make of them. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace engine {

struct CopyPlace {
  std::string container{};  // empty: this machine
  std::string path{};
  bool stream = false;  // "-": a tar archive

  // "x/" and "x/.": only a folder will do.
  bool wants_folder() const;
  // "x/.", "/" and "..": what the folder holds, and not the folder.
  bool contents_only() const;
};

// "CONTAINER:PATH"; "/a:b" and "./a:b" are paths of this machine. compat: docker cp
CopyPlace parse_copy_place(std::string_view text);

// What there is at the target, links followed.
enum class Found { Nothing, Folder, Other };

// Where the source comes to stand: at the target's path, or in the folder that is there, or its
// content in that folder. Kind::Usage for what docker refuses.
enum class Arrival { AtPath, InFolder, ContentInFolder };
base::Result<Arrival> arrival(const CopyPlace& from, bool from_folder, const CopyPlace& to,
                              Found found);

}  // namespace engine
