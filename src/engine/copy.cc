#include "engine/copy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/text.h"
#include "fs/files.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using Status = base::Status;
using Root = std::optional<FdRef>;

constexpr int kMostLinks = 40;  // as in the kernel
constexpr int kReadFolder = O_RDONLY | O_DIRECTORY;

struct Split {
  std::string above{};  // "": the root, or "." on this machine
  std::string name{};
};
Split split_last(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// In the root, or on this machine; links followed.
Result<Fd> open_at(const Root& root, const std::string& path, int flags) {
  if (root) return fs::open_in(*root, path, flags);
  return sys::openat(FdRef::cwd(), path, flags);
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The folder in which the path's last name stands, and that name.
struct Place {
  Fd folder{};
  std::string name{};
};
Result<Place> place_of(const Root& root, const std::string& path) {
  auto text = root ? fs::clean(path) : without_slashes(path);
  auto [above, name] = split_last(text);
  if (!root && above.empty()) above = text.starts_with('/') ? "/" : ".";
  Place out{.name = name};
  out.folder = TRY(open_at(root, above, kReadFolder), base::quote(path));
  return out;
}

// A path in the root whose last name is no link, or is not there.
Result<std::string> follow_last(FdRef root, const std::string& path) {
  auto here = fs::clean(path);
  for (int links = 0; links < kMostLinks; ++links) {
    auto [above, name] = split_last(here);
    if (name.empty()) return here;
    auto folder = fs::open_in(root, above, O_PATH | O_DIRECTORY);
    if (!folder) return here;
    auto target = sys::readlinkat(folder.value(), name);
    if (!target) return here;
    here = fs::clean(target.value().starts_with('/') ? target.value()
                                                     : base::cat(above, "/", target.value()));
  }
  return base::Error::from_errno(ELOOP, base::quote(path));
}

Result<Found> look(const Root& root, const std::string& path) {
  auto opened = open_at(root, path, O_PATH);
  if (!opened && opened.error().code() == ENOENT) return Found::Nothing;
  // "file/": what is there is no folder.
  if (!opened && opened.error().code() == ENOTDIR) return Found::Other;
  auto fd = TRY(std::move(opened), base::quote(path));
  auto st = TRY(sys::fstat(fd));
  return S_ISDIR(st.st_mode) ? Found::Folder : Found::Other;
}

}  // namespace

Result<CopySource> CopySource::open(Root root, const CopyPlace& place, bool follow_link) {
  CopySource out;
  if (place.wants_folder()) {
    out.folder_ = TRY(open_at(root, place.path, kReadFolder), base::quote(place.path));
    out.is_folder_ = true;
    if (!place.contents_only()) out.name_ = split_last(without_slashes(place.path)).name;
    return out;
  }
  auto path = place.path;
  auto name = split_last(path).name;
  if (follow_link && root) path = TRY(follow_last(*root, path));
  if (follow_link && !root) {
    auto end = TRY(sys::openat(FdRef::cwd(), path, O_PATH), base::quote(path));
    path = TRY(fs::path_of(end));
  }
  auto found = TRY(place_of(root, path));
  auto st = TRY(sys::fstatat(found.folder, found.name, AT_SYMLINK_NOFOLLOW), base::quote(path));
  out.folder_ = std::move(found.folder);
  out.entry_ = found.name;
  out.name_ = name;
  out.is_folder_ = S_ISDIR(st.st_mode);
  return out;
}

Status CopySource::write(const std::string& path, image::TarWriter& to) const {
  auto at = path.empty() ? std::string(".") : path;
  if (entry_.empty()) return image::write_folder(folder_, at, to);
  return image::write_entry(folder_, entry_, at, to);
}

Result<CopyTarget> CopyTarget::open(Root root, const CopyPlace& place, const CopyPlace& from,
                                    bool from_folder, const std::string& name) {
  auto found = TRY(look(root, place.path));
  auto how = TRY(arrival(from, from_folder, place, found));
  CopyTarget out;
  out.given_ = root;
  if (how == Arrival::AtPath) {
    // What the target's own link leads to is replaced, not the link. compat: docker cp
    auto path = place.path;
    if (root) path = TRY(follow_last(*root, path));
    if (!root && found == Found::Other) {
      auto there = TRY(sys::openat(FdRef::cwd(), path, O_PATH), base::quote(path));
      path = TRY(fs::path_of(there));
    }
    auto stands = TRY(place_of(root, path));
    out.path_ = root ? fs::clean(path) : stands.name;
    out.own_ = std::move(stands.folder);
    return out;
  }
  if (root)
    out.path_ = fs::clean(place.path);
  else
    out.own_ = TRY(sys::openat(FdRef::cwd(), place.path, kReadFolder), base::quote(place.path));
  out.stays_ = how == Arrival::ContentInFolder;
  if (how == Arrival::InFolder && !name.empty())
    out.path_ = out.path_.empty() ? name : base::cat(out.path_, "/", name);
  return out;
}

CopySink::CopySink(const CopyTarget& target, std::string above, std::optional<Owner> owner)
    : target_(target),
      above_(std::move(above)),
      owner_(owner),
      options_{.rootless = sys::geteuid() != 0, .limits = {.bytes = 0, .entries = 0, .ratio = 0}},
      extractor_(target.root(), options_, &totals_, image::Onto::Layers) {}

Result<bool> CopySink::fits(const image::Entry& entry) const {
  auto path = fs::clean(entry.path);
  bool folder = entry.type == image::EntryType::Folder;
  if (folder && (path.empty() || (target_.stays() && path == target_.path()))) return false;
  auto [above, name] = split_last(path);
  auto parent = fs::open_in(target_.root(), above, O_PATH | O_DIRECTORY);
  if (!parent) return true;
  auto st = sys::fstatat(parent.value(), name, AT_SYMLINK_NOFOLLOW);
  if (!st) return true;
  bool is_folder = S_ISDIR(st.value().st_mode);
  if (is_folder == folder) return true;
  return base::usage_error(base::quote("/" + path),
                           folder ? " is there and is not a folder" : " is there and is a folder");
}

Status CopySink::begin(const image::Entry& entry) {
  auto changed = entry;
  if (!above_.empty()) {
    changed.path = base::cat(above_, "/", entry.path);
    if (entry.type == image::EntryType::HardLink) changed.link = base::cat(above_, "/", entry.link);
  }
  if (owner_) {
    changed.uid = owner_->uid;
    changed.gid = owner_->gid;
  }
  // In a layer such names hide others; here they are only names that cannot be made.
  for (auto part : base::split(changed.path, '/'))
    if (part.starts_with(".wh."))
      return base::unsupported(base::quote(changed.path),
                               ": names that begin with \".wh.\" cannot be copied");
  bool wanted = TRY(fits(changed));
  skip_ = !wanted;
  if (skip_) return {};
  return extractor_.begin(changed);
}

Status CopySink::content(std::uint64_t offset, std::string_view bytes) {
  if (skip_) return {};
  return extractor_.content(offset, bytes);
}

Status CopySink::end() {
  if (skip_) return {};
  return extractor_.end();
}

}  // namespace engine
