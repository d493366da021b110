#include "image/extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <unordered_set>

#include "fs/root.h"
#include "fs/tree.h"
#include "image/layer.h"
#include "image/overlay.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kPermissions = 0777;
constexpr unsigned kSetId = 07000;
constexpr unsigned kFolderMode = 0755;
constexpr std::size_t kMostOpenFolders = 32;

// A folder of the root, held open because the next entry is likely to stand in it too.
struct Folder {
  std::string path{};  // clean, as entries write it
  Fd fd{};             // O_PATH
  std::uint64_t inode = 0;
  std::optional<gid_t> inherited_gid{};  // a set-group-id folder gives its group to new files
};
using FolderPointer = std::shared_ptr<const Folder>;

// What a folder gets in the end: giving it earlier would be undone by what is made in it.
struct FolderEntry {
  std::string path{};
  std::uint64_t inode = 0;
  Entry entry{};
};

struct Place {
  std::string above{};  // the folder's path
  std::string name{};
};
Place place_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder ||
         (path.starts_with(folder) && path[folder.size()] == '/');
}

// What only the host's root may set.
bool privileged(const std::string& attribute) {
  return attribute.starts_with("security.") || attribute.starts_with("trusted.");
}

// How overlayfs marks its layers: content that sets these could reach into other layers.
bool overlay_mark(const std::string& attribute) {
  return attribute.starts_with("trusted.overlay.") || attribute.starts_with("user.overlay.");
}

std::string made_key(std::uint64_t folder, const std::string& name) {
  return base::cat(folder, "/", name);
}

}  // namespace

class Extractor::Work {
 public:
  Work(FdRef root, const ExtractOptions& options, ExtractTotals* totals, Onto onto)
      : root_(root), options_(options), totals_(totals), onto_(onto) {}

  Status begin(const Entry& entry) {
    TRY(count(entry));
    if (options_.note_owners && (entry.uid != 0 || entry.gid != 0))
      totals_->note("owners other than root are left out, since this user has no other ids: first ",
                    entry.path);
    auto operation = TRY(layer_operation(entry));
    return std::visit(base::each{[&](const Create& o) { return create(o, entry); },
                                 [&](const Hide& o) { return hide(o); },
                                 [&](const HideContent& o) { return hide_content(o); },
                                 [](const Ignore&) { return Status(); }},
                      operation);
  }

  Status content(std::uint64_t offset, std::string_view bytes) {
    if (!file_) return {};
    while (!bytes.empty()) {
      auto n = TRY(sys::pwrite(file_, bytes, offset));
      bytes.remove_prefix(n);
      offset += n;
    }
    written_ = offset;
    return {};
  }

  Status end() {
    if (!file_) return {};
    Fd file = std::move(file_);
    if (written_ < entry_.size) TRY(sys::ftruncate(file, entry_.size));
    if (needs_owner_) TRY(own(file, "", entry_, AT_EMPTY_PATH));
    // After the owner, whose change clears these bits and the capabilities.
    if ((entry_.mode & kSetId) != 0) TRY(set_id(file));
    for (const auto& x : entry_.xattrs)
      TRY(attribute(x.first, [&] { return sys::fsetxattr(file, x.first, x.second); }));
    return times(file, "", entry_, AT_EMPTY_PATH);
  }

  bool needs_lower() const { return needs_lower_; }
  bool has_root() const { return has_root_; }
  std::vector<std::string> implied() const { return {implied_.begin(), implied_.end()}; }
  bool stands_alone() const { return has_root_ && !leans_; }

  Status finish() {
    for (const auto& folder : std::exchange(folder_entries_, {}))
      TRY(finish_folder(folder), "folder ", base::quote(folder.path));
    open_.clear();
    return {};
  }

 private:
  Status count(const Entry& entry) {
    return totals_->add(entry.type == EntryType::File ? entry.size : 0, options_.limits);
  }

  // What Onto::Overlay cannot do for want of the layers below.
  Status without_lower(const std::string& path) {
    needs_lower_ = true;
    return base::state_error(base::quote(path), " is in a layer below");
  }

  // The folder of this clean path, links followed inside the root. make: with missing parents.
  Result<FolderPointer> folder(const std::string& path, bool make) {
    while (!open_.empty() && !is_below(path, open_.back()->path)) open_.pop_back();
    if (!open_.empty() && open_.back()->path == path) return open_.back();
    Folder out{.path = path};
    auto opened = fs::open_in(root_, path, O_PATH | O_DIRECTORY);
    bool absent = !opened && opened.error().code() == ENOENT;
    if (absent && onto_ == Onto::Overlay && !make) return without_lower(path).error();
    if (absent && make) {
      leans_ = true;
      opened =
          onto_ == Onto::Overlay ? make_implied(path) : fs::make_dirs_in(root_, path, kFolderMode);
    }
    out.fd = TRY(std::move(opened));
    auto st = TRY(sys::fstat(out.fd));
    out.inode = st.st_ino;
    if ((st.st_mode & S_ISGID) != 0) out.inherited_gid = st.st_gid;
    if (open_.size() >= kMostOpenFolders) open_.erase(open_.begin());
    open_.push_back(std::make_shared<const Folder>(std::move(out)));
    return open_.back();
  }

  // Parents that no entry tells of: they will be as they are below. Through a link, only the layers
  // below can tell where that is.
  Result<Fd> make_implied(const std::string& path) {
    for (std::size_t end = 0; end != path.size();) {
      end = std::min(path.find('/', end + 1), path.size());
      auto prefix = path.substr(0, end);
      auto st = sys::fstatat(root_, prefix, AT_SYMLINK_NOFOLLOW);
      if (!st && st.error().code() != ENOENT) return std::move(st).error();
      if (st && !S_ISDIR(st.value().st_mode)) return without_lower(path).error();
      if (st) continue;
      TRY(sys::mkdirat(root_, prefix, kFolderMode));
      implied_.insert(prefix);
    }
    return fs::open_in(root_, path, O_PATH | O_DIRECTORY);
  }

  Status create(const Create& operation, const Entry& entry) {
    if (operation.path.empty()) {
      auto st = TRY(sys::fstat(root_));
      has_root_ = true;
      folder_entries_.push_back({"", st.st_ino, entry});
      return {};
    }
    auto place = place_of(operation.path);
    const auto& name = place.name;
    auto parent = TRY(folder(place.above, true));
    if (onto_ == Onto::Layers) made_.insert(made_key(parent->inode, name));
    switch (entry.type) {
      case EntryType::File:
        return create_file(*parent, name, entry);
      case EntryType::Folder:
        return create_folder(*parent, name, operation.path, entry);
      case EntryType::HardLink:
        return create_hard_link(*parent, name, operation.link);
      case EntryType::Symlink:
        TRY(in_place(*parent, name, [&] { return sys::symlinkat(entry.link, parent->fd, name); }));
        break;
      case EntryType::Fifo:
        TRY(in_place(*parent, name,
                     [&] { return sys::mkfifoat(parent->fd, name, entry.mode & kPermissions); }));
        break;
      case EntryType::CharDevice:
      case EntryType::BlockDevice:
        if (!TRY(create_device(*parent, name, entry))) return {};
        break;
    }
    return dress(*parent, name, entry);
  }

  // Owner, attributes and times of what has just been made, and is no file and no folder.
  Status dress(const Folder& parent, const std::string& name, const Entry& entry) {
    if (owner_differs(parent, entry)) TRY(own(parent.fd, name, entry, AT_SYMLINK_NOFOLLOW));
    for (const auto& x : entry.xattrs)
      TRY(attribute(x.first, [&] { return sys::lsetxattrat(parent.fd, name, x.first, x.second); }));
    return times(parent.fd, name, entry, AT_SYMLINK_NOFOLLOW);
  }

  Status create_file(const Folder& parent, const std::string& name, const Entry& entry) {
    file_ = TRY(in_place(parent, name, [&] {
      return sys::openat(parent.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                         entry.mode & kPermissions);
    }));
    needs_owner_ = owner_differs(parent, entry);
    written_ = 0;
    entry_ = entry;
    return {};
  }

  // spec: layer.md#changeset-over-existing-files (a folder over a folder keeps what is in it)
  Status create_folder(const Folder& parent, const std::string& name, const std::string& path,
                       const Entry& entry) {
    implied_.erase(path);
    auto made = sys::mkdirat(parent.fd, name, kFolderMode);
    if (!made && made.error().code() != EEXIST) return made;
    auto st = TRY(sys::fstatat(parent.fd, name, AT_SYMLINK_NOFOLLOW));
    if (!S_ISDIR(st.st_mode)) {
      bool hides = is_whiteout(st);
      TRY(in_place(parent, name, [&] { return sys::mkdirat(parent.fd, name, kFolderMode); }));
      if (hides) TRY(mark_opaque(parent.fd, name, options_.overlay_attributes));
      st = TRY(sys::fstatat(parent.fd, name, AT_SYMLINK_NOFOLLOW));
    }
    folder_entries_.push_back({path, st.st_ino, entry});
    return {};
  }

  // The first name may be in a lower layer, and may be a link, which is linked and not followed.
  Status create_hard_link(const Folder& parent, const std::string& name, const std::string& link) {
    auto from = place_of(link);
    auto source = TRY(folder(from.above, false), "hard link to ", base::quote(link));
    if (source->inode == parent.inode && from.name == name)
      return base::config_error("a hard link to itself");
    auto linked =
        in_place(parent, name, [&] { return sys::linkat(source->fd, from.name, parent.fd, name); });
    if (!linked && linked.error().code() == ENOENT && onto_ == Onto::Overlay)
      return without_lower(link);
    TRY(std::move(linked), "hard link to ", base::quote(link));
    return {};
  }

  // Whether it was made: an ordinary user cannot.
  Result<bool> create_device(const Folder& parent, const std::string& name, const Entry& entry) {
    if (options_.rootless) {
      totals_->note("device nodes are left out, since only root can make them: first ", entry.path);
      return false;
    }
    auto mode = (entry.mode & kPermissions) |
                static_cast<unsigned>(entry.type == EntryType::CharDevice ? S_IFCHR : S_IFBLK);
    auto device = makedev(entry.dev_major, entry.dev_minor);
    if (onto_ == Onto::Overlay && is_whiteout(mode, device)) {
      totals_->note(
          "character devices 0:0, which overlayfs takes for whiteouts, are left out: first ",
          entry.path);
      return false;
    }
    auto made = in_place(parent, name, [&] { return sys::mknodat(parent.fd, name, mode, device); });
    if (!made && made.error().code() == EPERM) {
      totals_->note("device nodes are left out, since the kernel refuses them: first ", entry.path);
      return false;
    }
    TRY(std::move(made));
    return true;
  }

  // Runs `make`; where something is in the way, that is removed, and `make` runs again.
  template <class Make>
  auto in_place(const Folder& parent, const std::string& name, Make make) -> decltype(make()) {
    auto made = make();
    if (made || made.error().code() != EEXIST) return made;
    auto st = TRY(sys::fstatat(parent.fd, name, AT_SYMLINK_NOFOLLOW));
    // Paths through it may lead elsewhere from now on.
    if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)) open_.clear();
    if (S_ISDIR(st.st_mode))
      TRY(fs::remove_tree(parent.fd, name));
    else
      TRY(sys::unlinkat(parent.fd, name));
    return make();
  }

  // spec: layer.md#whiteouts: what this layer itself has made stays.
  Status hide(const Hide& operation) {
    leans_ = true;
    if (onto_ == Onto::Nothing) return {};
    auto place = place_of(operation.path);
    if (onto_ == Onto::Overlay) return mark_hidden(place);
    auto parent = TRY(folder_if_there(place.above));
    return parent ? remove_lower(*parent, place.name) : Status();
  }

  // spec: layer.md#opaque-whiteout
  Status hide_content(const HideContent& operation) {
    leans_ = true;
    if (onto_ == Onto::Nothing) return {};
    if (onto_ == Onto::Overlay) {
      auto marked = TRY(folder(operation.path, false));
      return mark_opaque(marked->fd, ".", options_.overlay_attributes);
    }
    auto parent = TRY(folder_if_there(operation.path));
    if (!parent) return {};
    for (const auto& child : TRY(fs::list_dir(parent->fd))) TRY(remove_lower(*parent, child.name));
    return {};
  }

  // What stands there is this layer's own, and hides the rest: but a folder would let it through.
  Status mark_hidden(const Place& place) {
    auto parent = TRY(folder(place.above, false));
    auto st = sys::fstatat(parent->fd, place.name, AT_SYMLINK_NOFOLLOW);
    if (!st && st.error().code() == ENOENT) return make_whiteout(parent->fd, place.name);
    auto there = TRY(std::move(st));
    if (!S_ISDIR(there.st_mode)) return {};
    return mark_opaque(parent->fd, place.name, options_.overlay_attributes);
  }

  // Nothing when there is no such folder: then there is nothing to hide.
  Result<FolderPointer> folder_if_there(const std::string& path) {
    auto found = folder(path, false);
    if (found || (found.error().code() != ENOENT && found.error().code() != ENOTDIR)) return found;
    return FolderPointer();
  }

  Status remove_lower(const Folder& parent, const std::string& name) {
    open_.clear();
    return fs::remove_tree_except(parent.fd, name,
                                  [this](std::uint64_t folder, const std::string& entry) {
                                    return made_.contains(made_key(folder, entry));
                                  });
  }

  bool owner_differs(const Folder& parent, const Entry& entry) const {
    if (options_.rootless) return false;
    return entry.uid != uid_ || entry.gid != parent.inherited_gid.value_or(gid_);
  }

  static Status own(FdRef dir, const std::string& name, const Entry& entry, int flags) {
    auto done = sys::fchownat(dir, name, entry.uid, entry.gid, flags);
    // man: user_namespaces(7): ids that are not mapped cannot be given.
    if (!done && done.error().code() == EINVAL)
      return std::move(done).error().in(
          "the owner does not exist in this user namespace (--rootless does without)");
    return done;
  }

  Status set_id(FdRef file) {
    // Otherwise what the image holds could run as this user for everybody.
    if (options_.rootless && (entry_.mode & (S_ISUID | S_ISGID)) != 0) {
      totals_->note("set-id bits are dropped: first ", entry_.path);
      return {};
    }
    return sys::fchmod(file, entry_.mode);
  }

  template <class Set>
  Status attribute(const std::string& name, Set set) {
    if (overlay_mark(name)) {
      totals_->note("attributes of overlay file systems are left out: first ", name);
      return {};
    }
    if (options_.rootless && privileged(name)) {
      totals_->note("attributes that only root can set are left out: first ", name);
      return {};
    }
    auto done = set();
    if (done) return {};
    int code = done.error().code();
    if (code != EOPNOTSUPP && code != EPERM) return done;
    totals_->note("attributes that this file system refuses are left out: first ", name);
    return {};
  }

  Status times(FdRef dir, const std::string& name, const Entry& entry, int flags) {
    struct timespec at {};
    at.tv_sec = entry.mtime;
    at.tv_nsec = static_cast<long>(entry.mtime_nanoseconds);
    const struct timespec both[2] = {at, at};
    return sys::utimensat(dir, name, both, flags);
  }

  Status finish_folder(const FolderEntry& folder_entry) {
    const auto& entry = folder_entry.entry;
    auto place = place_of(folder_entry.path);
    auto found = status_of(place);
    // Replaced or hidden by a later entry: then these attributes belong to nothing.
    if (!found && (found.error().code() == ENOENT || found.error().code() == ENOTDIR ||
                   found.error().code() == ELOOP))
      return {};
    auto st = TRY(std::move(found));
    if (!S_ISDIR(st.st_mode) || st.st_ino != folder_entry.inode) return {};
    auto mode = entry.mode;
    if (options_.rootless) mode = (mode & ~static_cast<unsigned>(S_ISUID | S_ISGID)) | S_IRWXU;
    bool owned = options_.rootless || (st.st_uid == entry.uid && st.st_gid == entry.gid);
    bool as_wanted = owned && (st.st_mode & (kSetId | kPermissions)) == mode;
    auto parent = TRY(folder(place.above, false));
    // Most folders need no more: then they are not opened.
    if (as_wanted && entry.xattrs.empty() && !place.name.empty())
      return times(parent->fd, place.name, entry, AT_SYMLINK_NOFOLLOW);
    auto fd = TRY(sys::openat(parent->fd, place.name.empty() ? "." : place.name,
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (!owned) TRY(own(fd, "", entry, AT_EMPTY_PATH));
    // A change of owner may have cleared some of it.
    if (!as_wanted) TRY(sys::fchmod(fd, mode));
    for (const auto& x : entry.xattrs)
      TRY(attribute(x.first, [&] { return sys::fsetxattr(fd, x.first, x.second); }));
    return times(fd, "", entry, AT_EMPTY_PATH);
  }

  Result<struct stat> status_of(const Place& place) {
    auto parent = TRY(folder(place.above, false));
    if (place.name.empty()) return sys::fstat(parent->fd);
    return sys::fstatat(parent->fd, place.name, AT_SYMLINK_NOFOLLOW);
  }

  FdRef root_;
  const ExtractOptions& options_;
  ExtractTotals* totals_;
  Onto onto_;
  bool needs_lower_ = false;
  bool has_root_ = false;
  std::set<std::string> implied_{};  // of Onto::Overlay: folders that no entry has made
  bool leans_ = false;  // on what is below: it hides something there, or takes a folder for granted
  uid_t uid_ = sys::geteuid();  // whose the files are that we make
  gid_t gid_ = sys::getegid();
  std::vector<FolderPointer> open_{};  // each below the one before it
  std::vector<FolderEntry> folder_entries_{};
  std::unordered_set<std::string> made_{};  // folder's inode and name
  Fd file_{};                               // the present entry's, if it is a file
  Entry entry_{};                           // of file_
  bool needs_owner_ = false;
  std::uint64_t written_ = 0;
};

Extractor::Extractor(FdRef root, const ExtractOptions& options, ExtractTotals* totals, Onto onto)
    : work_(std::make_unique<Work>(root, options, totals, onto)) {}
Extractor::~Extractor() = default;

Status Extractor::begin(const Entry& entry) { return work_->begin(entry); }
Status Extractor::content(std::uint64_t offset, std::string_view bytes) {
  return work_->content(offset, bytes);
}
Status Extractor::end() { return work_->end(); }
Status Extractor::finish() { return work_->finish(); }
bool Extractor::needs_lower() const { return work_->needs_lower(); }
bool Extractor::has_root() const { return work_->has_root(); }
std::vector<std::string> Extractor::implied() const { return work_->implied(); }
bool Extractor::stands_alone() const { return work_->stands_alone(); }

Status ExtractTotals::add(std::uint64_t bytes, const ExtractLimits& limits) {
  std::lock_guard hold(mutex_);
  ++entries_;
  if (limits.entries != 0 && entries_ > limits.entries)
    return base::config_error("the image has more than ", limits.entries, " entries");
  // Both are below 2^63 as long as there is a limit, or no disk could hold them.
  bytes_ += bytes;
  if (limits.bytes != 0 && (bytes_ > limits.bytes || bytes > limits.bytes))
    return base::config_error("the image has more than ", limits.bytes, " bytes of files");
  return {};
}

void ExtractTotals::note(std::string_view sentence, std::string_view example) {
  std::lock_guard hold(mutex_);
  for (const auto& known : notes_)
    if (known.starts_with(sentence)) return;
  notes_.push_back(base::cat(sentence, base::quote(example)));
}

std::vector<std::string> ExtractTotals::notes() const {
  std::lock_guard hold(mutex_);
  return notes_;
}

}  // namespace image
