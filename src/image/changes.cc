#include "image/changes.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "fs/tree.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

Result<std::vector<std::string>> sorted_names(FdRef folder) {
  std::vector<std::string> out;
  for (auto& entry : TRY(fs::list_dir(folder))) out.push_back(std::move(entry.name));
  std::sort(out.begin(), out.end());
  return out;
}

class Walk {
 public:
  explicit Walk(OverlayAttributes attributes) : attributes_(attributes) {}

  // below: the folder of the same name in the layers, if there is one.
  Status folder(FdRef upper, const std::optional<Fd>& below, const std::string& path) {
    auto names = TRY(sorted_names(upper));
    // A folder that hides the one below deletes what it does not have itself.
    if (below && TRY(is_opaque(upper, attributes_))) {
      std::set<std::string> kept(names.begin(), names.end());
      for (const auto& name : TRY(sorted_names(*below)))
        if (!kept.contains(name)) tell(ChangeKind::Deleted, path + "/" + name);
    }
    for (const auto& name : names) TRY(one(upper, below, name, path + "/" + name));
    return {};
  }

  std::vector<Change> changes() && {
    // A deleted entry of an opaque folder is told before its siblings.
    std::stable_sort(changes_.begin(), changes_.end(),
                     [](const Change& a, const Change& b) { return a.path < b.path; });
    return std::move(changes_);
  }

 private:
  Status one(FdRef upper, const std::optional<Fd>& below, const std::string& name,
             const std::string& path) {
    auto st = TRY(sys::fstatat(upper, name, AT_SYMLINK_NOFOLLOW));
    if (is_whiteout(st)) {
      tell(ChangeKind::Deleted, path);
      return {};
    }
    std::optional<struct stat> old;
    if (below) {
      auto found = sys::fstatat(*below, name, AT_SYMLINK_NOFOLLOW);
      if (!found && found.error().code() != ENOENT) return std::move(found).error();
      if (found) old = found.value();
    }
    tell(old ? ChangeKind::Changed : ChangeKind::Added, path);
    if (!S_ISDIR(st.st_mode)) return {};
    auto inner = TRY(sys::openat(upper, name, kReadFolder));
    std::optional<Fd> inner_below;
    if (old && S_ISDIR(old->st_mode)) inner_below = TRY(sys::openat(*below, name, kReadFolder));
    return folder(inner, inner_below, path);
  }

  void tell(ChangeKind kind, std::string path) { changes_.push_back({kind, std::move(path)}); }

  OverlayAttributes attributes_;
  std::vector<Change> changes_{};
};

}  // namespace

Result<std::vector<Change>> overlay_changes(FdRef upper, FdRef below,
                                            OverlayAttributes attributes) {
  Walk walk(attributes);
  std::optional<Fd> root = TRY(sys::openat(below, ".", kReadFolder));
  TRY(walk.folder(upper, root, ""));
  return std::move(walk).changes();
}

}  // namespace image
