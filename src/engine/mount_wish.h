// -v, --mount and --tmpfs as values.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace engine {

enum class MountKind { Bind, Volume, Tmpfs };

struct MountWish {
  MountKind kind = MountKind::Volume;
  std::string source{};       // a path of the host, or a volume's name; empty: a volume of no name
  std::string destination{};  // absolute, cleaned
  bool read_only = false;
  bool copy = true;                    // what the image has there, into an empty volume
  bool make_source = false;            // a folder of the host that is missing is made
  bool recursive = true;               // with what is mounted in the source
  bool relabel = false;                // z, Z
  std::string propagation{};           // "rshared", …; empty: rprivate
  std::vector<std::string> options{};  // of the mount, further ones
  friend bool operator==(const MountWish&, const MountWish&) = default;
};

// "[HOST|NAME:]PATH[:OPTION,OPTION…]". A host's path is absolute, or begins with "." and is taken
// from `here`. Kind::Usage. compat: docker
base::Result<MountWish> parse_volume(std::string_view text, const std::string& here);

// "type=bind,src=…,dst=…,ro", fields in double quotes where they hold commas. Kind::Usage for what
// is no field, Kind::Unsupported for what docker has and we have not.
base::Result<MountWish> parse_mount(std::string_view text, const std::string& here);

// "PATH[:OPTION,OPTION…]". compat: docker: noexec, nosuid and nodev unless the options say
// otherwise
base::Result<MountWish> parse_tmpfs(std::string_view text);

// Pieces of a line of comma-separated values. Kind::Usage for a quote that does not end.
base::Result<std::vector<std::string>> split_fields(std::string_view text);

}  // namespace engine
