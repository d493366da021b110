#include "fs/tree.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>

#include "base/kernel.h"

namespace fs {
namespace {

constexpr std::size_t kCopyStep = 1U << 30;

Status copy_attributes(FdRef from, FdRef to, const struct stat& st) {
  // Owner first: a change of owner clears the set-id bits and the file capabilities.
  TRY(sys::fchownat(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH));
  TRY(sys::fchmod(to, st.st_mode & 07777));
  auto names = sys::flistxattr(from);
  if (!names && names.error().code() == EOPNOTSUPP) return {};
  for (const auto& name : TRY(std::move(names))) {
    auto value = TRY(sys::fgetxattr(from, name));
    auto set = sys::fsetxattr(to, name, value);
    // The target file system may not know this kind (tmpfs has no user.* before Linux 6.6).
    if (!set && set.error().code() != EOPNOTSUPP) return set;
  }
  return {};
}

Status copy_times(FdRef dir, const std::string& name, const struct stat& st) {
  const struct timespec times[2] = {st.st_atim, st.st_mtim};
  return sys::utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
}

Status copy_file(FdRef from_dir, FdRef to_dir, const std::string& name, const struct stat& st) {
  auto from = TRY(sys::openat(from_dir, name, O_RDONLY | O_NOFOLLOW));
  auto to = TRY(sys::openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  for (;;)
    if (TRY(sys::sendfile(to, from, kCopyStep)) == 0) break;
  return copy_attributes(from, to, st);
}

Status copy_entry(FdRef from_dir, FdRef to_dir, const std::string& name) {
  auto st = TRY(sys::fstatat(from_dir, name, AT_SYMLINK_NOFOLLOW));
  if (S_ISDIR(st.st_mode)) {
    auto from = TRY(sys::openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(sys::mkdirat(to_dir, name, 0700));
    auto to = TRY(sys::openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(copy_tree(from, to));
    TRY(copy_attributes(from, to, st));
  } else if (S_ISREG(st.st_mode)) {
    TRY(copy_file(from_dir, to_dir, name, st));
  } else {
    if (S_ISLNK(st.st_mode)) {
      auto target = TRY(sys::readlinkat(from_dir, name));
      TRY(sys::symlinkat(target, to_dir, name));
    } else {
      TRY(sys::mknodat(to_dir, name, st.st_mode, st.st_rdev));
    }
    TRY(sys::fchownat(to_dir, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW));
  }
  return copy_times(to_dir, name, st);
}

// Walks with two descriptors and no recursion, however deep the tree is: down by name, up by "..",
// where the folder must be the one that we came from.
class Remover {
 public:
  Remover(FdRef dir, const Keep& keep) : dir_(dir), keep_(keep) {}

  Status remove(const std::string& name) {
    auto st = TRY(sys::fstatat(dir_, ".", 0));
    top_ = st.st_ino;
    TRY(one(name, DT_UNKNOWN));
    while (!levels_.empty()) {
      auto& level = levels_.back();
      if (level.entries.empty()) {
        TRY(leave());
      } else {
        auto entry = std::move(level.entries.back());
        level.entries.pop_back();
        TRY(one(entry.name, entry.type));
      }
    }
    return {};
  }

 private:
  struct Level {
    std::string name{};
    ino_t inode = 0;
    std::vector<sys::DirEntry> entries{};  // still to do
    bool holds_kept = false;
  };

  FdRef here() const { return levels_.empty() ? dir_ : FdRef(now_); }
  ino_t inode() const { return levels_.empty() ? top_ : levels_.back().inode; }

  // Removes an entry of the present folder, or steps into it.
  Status one(const std::string& name, unsigned char type) {
    if (type != DT_DIR) {
      if (type != DT_UNKNOWN && keep_(inode(), name)) return mark_kept();
      if (type == DT_UNKNOWN) {
        auto st = sys::fstatat(here(), name, AT_SYMLINK_NOFOLLOW);
        if (!st && st.error().code() == ENOENT) return {};
        if (!st) return std::move(st).error();
        return one(name, S_ISDIR(st.value().st_mode) ? DT_DIR : DT_REG);
      }
      auto removed = sys::unlinkat(here(), name);
      if (!removed && removed.error().code() != ENOENT) return removed;
      return {};
    }
    // Never into what is mounted here: it belongs to somebody else.
    auto inner = TRY(sys::openat2(here(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                                  base::kernel::kResolveNoXdev));
    auto st = TRY(sys::fstat(inner));
    Level level{.name = name, .inode = st.st_ino};
    level.entries = TRY(list_dir(inner));
    levels_.push_back(std::move(level));
    now_ = std::move(inner);
    return {};
  }

  Status leave() {
    auto level = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty()) {
      auto above = TRY(sys::openat(now_, "..", O_RDONLY | O_DIRECTORY));
      auto st = TRY(sys::fstat(above));
      if (st.st_ino != levels_.back().inode)
        return base::state_error("folder ", base::quote(level.name),
                                 " was moved while it was removed");
      now_ = std::move(above);
    }
    if (level.holds_kept || keep_(inode(), level.name)) return mark_kept();
    return sys::unlinkat(here(), level.name, AT_REMOVEDIR);
  }

  Status mark_kept() {
    if (!levels_.empty()) levels_.back().holds_kept = true;
    return {};
  }

  FdRef dir_;
  const Keep& keep_;
  ino_t top_ = 0;
  std::vector<Level> levels_{};
  Fd now_{};  // the last level's folder
};

}  // namespace

Result<std::vector<sys::DirEntry>> list_dir(FdRef dir) {
  // A descriptor of its own, so that the caller's offset does not matter.
  auto here = TRY(sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
  std::vector<sys::DirEntry> out;
  for (;;) {
    auto more = TRY(sys::getdents(here));
    if (more.empty()) return out;
    out.insert(out.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
}

Status empty_dir(FdRef dir) {
  for (const auto& entry : TRY(list_dir(dir))) TRY(remove_tree(dir, entry.name));
  return {};
}

Status remove_tree(FdRef dir, const std::string& name) {
  return remove_tree_except(dir, name, [](std::uint64_t, const std::string&) { return false; });
}

Status remove_tree_except(FdRef dir, const std::string& name, const Keep& keep) {
  return Remover(dir, keep).remove(name);
}

Status copy_rights_and_times(FdRef from, FdRef to) {
  constexpr unsigned kModeBits = 07777;
  auto st = TRY(sys::fstat(from));
  TRY(sys::fchownat(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH));
  TRY(sys::fchmod(to, st.st_mode & kModeBits));
  const struct timespec times[2] = {st.st_mtim, st.st_mtim};
  return sys::utimensat(to, "", times, AT_EMPTY_PATH);
}

Status copy_tree(FdRef from, FdRef to) {
  for (const auto& entry : TRY(list_dir(from)))
    TRY(copy_entry(from, to, entry.name), "copy ", base::quote(entry.name));
  return {};
}

}  // namespace fs
