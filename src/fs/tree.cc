#include "fs/tree.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>

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
  auto removed = sys::unlinkat(dir, name);
  if (removed || removed.error().code() == ENOENT) return {};
  if (removed.error().code() != EISDIR && removed.error().code() != EPERM) return removed;
  auto inner = TRY(sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(empty_dir(inner));
  return sys::unlinkat(dir, name, AT_REMOVEDIR);
}

Status copy_tree(FdRef from, FdRef to) {
  for (const auto& entry : TRY(list_dir(from)))
    TRY(copy_entry(from, to, entry.name), "copy ", base::quote(entry.name));
  return {};
}

}  // namespace fs
