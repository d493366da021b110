// The table of mount option words, and what a list of them comes to.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace plan {

// One mount_setattr(2).
struct MountChange {
  std::uint64_t set = 0;          // MOUNT_ATTR_…
  std::uint64_t clear = 0;        // MOUNT_ATTR_…
  std::uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0
  bool recursive = false;
  // "atime" and "nostrictatime" undo one kind of access time only: this change is made where the
  // mount has this kind (MOUNT_ATTR_NOATIME, MOUNT_ATTR_STRICTATIME); 0: always.
  std::uint64_t only_if_atime = 0;
  friend bool operator==(const MountChange&, const MountChange&) = default;
};

// A parameter of a file system: "key=value", or "key" alone.
struct FsOption {
  std::string key{};
  std::string value{};
  bool has_value = false;
  friend bool operator==(const FsOption&, const FsOption&) = default;
};

enum class IdMapped { No, Mount, Tree };

struct MountOptions {
  bool bind = false;
  bool recursive_bind = false;
  bool remount = false;
  bool read_only = false;  // the last of "ro" and "rw" was "ro"
  bool copy_up = false;
  IdMapped id_mapped = IdMapped::No;
  std::vector<MountChange> changes{};     // in order
  std::vector<std::string> superblock{};  // "ro", "sync", "lazytime" …, in order
  std::vector<FsOption> data{};           // what the table does not know, for the file system
  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};

// spec: config.md#linux-mount-options. An entry may itself be a list with commas, as in fstab.
MountOptions mount_options(const std::vector<std::string>& words);

// The words of the table, sorted. spec: features.md#mount-options
std::vector<std::string> mount_option_words();

// What a fresh mount (no attributes, access times relative) has after these changes.
std::uint64_t attributes_after(const std::vector<MountChange>& changes);

// Joins neighbours that one call can do. `single`: there is one mount, so recursion is no matter.
std::vector<MountChange> merged(const std::vector<MountChange>& changes, bool single);

}  // namespace plan
