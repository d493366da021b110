// The table of mounts: text of mountinfo → rows, and reading it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fs {

// man: proc(5), /proc/pid/mountinfo
struct MountRow {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::string root{};         // of the mount, in its file system
  std::string mount_point{};  // below the reader's root
  std::string options{};      // of the mount: "rw,nosuid,relatime"
  std::string propagation{};  // "shared:5 master:1", or empty when private
  std::string type{};         // "tmpfs"
  std::string source{};
  std::string super_options{};
  friend bool operator==(const MountRow&, const MountRow&) = default;
};

// Octal escapes are undone. A line that is none is an error.
base::Result<std::vector<MountRow>> parse_mountinfo(std::string_view text);

// Of the calling process.
base::Result<std::vector<MountRow>> read_mountinfo();

}  // namespace fs
