#include "plan/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/named.h"

namespace plan {
namespace {

enum class What {
  Set,          // an attribute
  Clear,        // an attribute
  Atime,        // the kind of access time: set to this value
  AtimeUndo,    // undo this kind of access time
  Propagation,  // MS_…
  Superblock,   // a flag of the file system, given to it by this name
  Bind,
  Remount,
  CopyUp,
  IdMap,
  Nothing,  // the default, or of no meaning to the kernel
};

struct Effect {
  What what = What::Nothing;
  std::uint64_t value = 0;
  bool recursive = false;
};
using enum What;

// spec: config.md#linux-mount-options; man: mount(8), mount_setattr(2)
constexpr auto kWords = std::to_array<base::Named<Effect>>({
    {"async", {Superblock}},
    {"atime", {AtimeUndo, MOUNT_ATTR_NOATIME}},
    {"bind", {Bind}},
    {"defaults", {Nothing}},
    {"dev", {Clear, MOUNT_ATTR_NODEV}},
    {"diratime", {Clear, MOUNT_ATTR_NODIRATIME}},
    {"dirsync", {Superblock}},
    {"exec", {Clear, MOUNT_ATTR_NOEXEC}},
    {"idmap", {IdMap}},
    // The file systems that keep change counters do so always since Linux 6.1; there is no
    // parameter to ask for it.
    {"iversion", {Nothing}},
    {"lazytime", {Superblock}},
    {"loud", {Nothing}},
    {"mand", {Superblock}},
    {"noatime", {Atime, MOUNT_ATTR_NOATIME}},
    {"nodev", {Set, MOUNT_ATTR_NODEV}},
    {"nodiratime", {Set, MOUNT_ATTR_NODIRATIME}},
    {"noexec", {Set, MOUNT_ATTR_NOEXEC}},
    {"noiversion", {Nothing}},
    {"nolazytime", {Superblock}},
    {"nomand", {Superblock}},
    // Relative access times are what is left when no other kind is asked for.
    {"norelatime", {Nothing}},
    {"nostrictatime", {AtimeUndo, MOUNT_ATTR_STRICTATIME}},
    {"nosuid", {Set, MOUNT_ATTR_NOSUID}},
    {"nosymfollow", {Set, MOUNT_ATTR_NOSYMFOLLOW}},
    {"private", {Propagation, MS_PRIVATE}},
    {"ratime", {Atime, MOUNT_ATTR_RELATIME, true}},
    {"rbind", {Bind, 0, true}},
    {"rdev", {Clear, MOUNT_ATTR_NODEV, true}},
    {"rdiratime", {Clear, MOUNT_ATTR_NODIRATIME, true}},
    {"relatime", {Atime, MOUNT_ATTR_RELATIME}},
    {"remount", {Remount}},
    {"rexec", {Clear, MOUNT_ATTR_NOEXEC, true}},
    {"ridmap", {IdMap, 0, true}},
    {"rnoatime", {Atime, MOUNT_ATTR_NOATIME, true}},
    {"rnodev", {Set, MOUNT_ATTR_NODEV, true}},
    {"rnodiratime", {Set, MOUNT_ATTR_NODIRATIME, true}},
    {"rnoexec", {Set, MOUNT_ATTR_NOEXEC, true}},
    {"rnorelatime", {Nothing}},
    {"rnostrictatime", {Atime, MOUNT_ATTR_RELATIME, true}},
    {"rnosuid", {Set, MOUNT_ATTR_NOSUID, true}},
    {"rnosymfollow", {Set, MOUNT_ATTR_NOSYMFOLLOW, true}},
    {"ro", {Set, MOUNT_ATTR_RDONLY}},
    {"rprivate", {Propagation, MS_PRIVATE, true}},
    {"rrelatime", {Atime, MOUNT_ATTR_RELATIME, true}},
    {"rro", {Set, MOUNT_ATTR_RDONLY, true}},
    {"rrw", {Clear, MOUNT_ATTR_RDONLY, true}},
    {"rshared", {Propagation, MS_SHARED, true}},
    {"rslave", {Propagation, MS_SLAVE, true}},
    {"rstrictatime", {Atime, MOUNT_ATTR_STRICTATIME, true}},
    {"rsuid", {Clear, MOUNT_ATTR_NOSUID, true}},
    {"rsymfollow", {Clear, MOUNT_ATTR_NOSYMFOLLOW, true}},
    {"runbindable", {Propagation, MS_UNBINDABLE, true}},
    {"rw", {Clear, MOUNT_ATTR_RDONLY}},
    {"shared", {Propagation, MS_SHARED}},
    {"silent", {Nothing}},
    {"slave", {Propagation, MS_SLAVE}},
    {"strictatime", {Atime, MOUNT_ATTR_STRICTATIME}},
    {"suid", {Clear, MOUNT_ATTR_NOSUID}},
    {"symfollow", {Clear, MOUNT_ATTR_NOSYMFOLLOW}},
    {"sync", {Superblock}},
    {"tmpcopyup", {CopyUp}},
    {"unbindable", {Propagation, MS_UNBINDABLE}},
});

// Words of mount(8) for fstab alone, which no file system knows.
constexpr std::array<std::string_view, 9> kFstabWords = {
    "_netdev", "auto", "group", "noauto", "nofail", "nouser", "owner", "user", "users"};

bool for_fstab(std::string_view word) {
  return word.starts_with("x-") || word.starts_with("X-") || word.starts_with("comment=") ||
         std::ranges::find(kFstabWords, word) != kFstabWords.end();
}

MountChange change_of(const Effect& effect) {
  MountChange out;
  out.recursive = effect.recursive;
  if (effect.what == Set) out.set = effect.value;
  if (effect.what == Clear) out.clear = effect.value;
  if (effect.what == Propagation) out.propagation = effect.value;
  if (effect.what == Atime || effect.what == AtimeUndo) {
    // man: mount_setattr(2): a kind of access time is set by clearing the whole field first.
    out.clear = MOUNT_ATTR__ATIME;
    if (effect.what == Atime) out.set = effect.value;
    if (effect.what == AtimeUndo) out.only_if_atime = effect.value;
  }
  return out;
}

void apply_word(const Effect& effect, std::string_view word, MountOptions& out) {
  switch (effect.what) {
    case Set:
    case Clear:
      if (effect.value == MOUNT_ATTR_RDONLY) {
        out.read_only = effect.what == Set;
        if (!effect.recursive) out.superblock.emplace_back(word);
      }
      out.changes.push_back(change_of(effect));
      break;
    case Atime:
    case AtimeUndo:
    case Propagation:
      out.changes.push_back(change_of(effect));
      break;
    case Superblock:
      out.superblock.emplace_back(word);
      break;
    case Bind:
      out.bind = true;
      out.recursive_bind = effect.recursive;
      break;
    case Remount:
      out.remount = true;
      break;
    case CopyUp:
      out.copy_up = true;
      break;
    case IdMap:
      out.id_mapped = effect.recursive ? IdMapped::Tree : IdMapped::Mount;
      break;
    case Nothing:
      break;
  }
}

// The entries of a list with commas, but for those in quotes (SELinux categories have commas) and
// those after a backslash (names of overlay layers).
std::vector<std::string_view> entries(std::string_view text) {
  std::vector<std::string_view> out;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\') {
      i++;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      out.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  out.push_back(text.substr(begin));
  return out;
}

FsOption fs_option(std::string_view word) {
  auto equals = word.find('=');
  if (equals == std::string_view::npos) return {.key = std::string(word)};
  auto value = word.substr(equals + 1);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return {
      .key = std::string(word.substr(0, equals)), .value = std::string(value), .has_value = true};
}

}  // namespace

MountOptions mount_options(const std::vector<std::string>& words) {
  MountOptions out;
  for (const auto& entry : words)
    for (auto word : entries(entry)) {
      if (word.empty() || for_fstab(word)) continue;
      if (auto effect = base::value_of(kWords, word))
        apply_word(*effect, word, out);
      else
        out.data.push_back(fs_option(word));
    }
  return out;
}

std::vector<std::string> mount_option_words() {
  std::vector<std::string> out;
  out.reserve(kWords.size());
  for (const auto& row : kWords) out.emplace_back(row.word);
  return out;
}

std::uint64_t attributes_after(const std::vector<MountChange>& changes) {
  std::uint64_t out = 0;
  for (const auto& change : changes) {
    if (change.only_if_atime && (out & MOUNT_ATTR__ATIME) != change.only_if_atime) continue;
    out = (out & ~change.clear) | change.set;
  }
  return out;
}

std::vector<MountChange> merged(const std::vector<MountChange>& changes, bool single) {
  std::vector<MountChange> out;
  for (auto change : changes) {
    if (single) change.recursive = false;
    bool joins = !out.empty() && out.back().recursive == change.recursive &&
                 !out.back().only_if_atime && !change.only_if_atime &&
                 !(out.back().propagation && change.propagation);
    if (!joins) {
      out.push_back(change);
      continue;
    }
    auto& last = out.back();
    last.set = (last.set & ~change.clear) | change.set;
    last.clear = (last.clear & ~change.set) | change.clear;
    last.propagation |= change.propagation;
  }
  return out;
}

}  // namespace plan
