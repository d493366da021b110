#include "sys/file.h"

#include <dirent.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/kernel.h"
#include "sys/call.h"

namespace sys {
namespace {

std::string magic_path(FdRef fd) { return base::cat("/proc/self/fd/", fd.raw()); }

}  // namespace

Result<Fd> openat(FdRef dir, const std::string& path, int flags, unsigned mode) {
  int n =
      retry([&] { return ::openat(dir.raw(), path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode); });
  if (n < 0) return failed("openat", dir, path);
  return Fd(n);
}

Result<Fd> openat2(FdRef dir, const std::string& path, int flags, unsigned mode,
                   std::uint64_t resolve) {
  base::kernel::OpenHow how;
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  if (!(flags & O_PATH)) how.flags |= O_NOCTTY;
  how.mode = mode;
  how.resolve = resolve;
  long n = -1;
  do {
    n = ::syscall(SYS_openat2, dir.raw(), path.c_str(), &how, sizeof how);
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  if (n < 0) return failed("openat2", dir, path);
  return Fd(static_cast<int>(n));
}

Result<std::size_t> read(FdRef fd, std::span<char> into) {
  auto n = retry([&] { return ::read(fd.raw(), into.data(), into.size()); });
  if (n < 0) return failed("read", fd);
  return static_cast<std::size_t>(n);
}

Result<std::size_t> pread(FdRef fd, std::span<char> into, std::uint64_t offset) {
  auto n = retry(
      [&] { return ::pread(fd.raw(), into.data(), into.size(), static_cast<off_t>(offset)); });
  if (n < 0) return failed("pread", fd);
  return static_cast<std::size_t>(n);
}

Result<std::size_t> write(FdRef fd, std::string_view bytes) {
  auto n = retry([&] { return ::write(fd.raw(), bytes.data(), bytes.size()); });
  if (n < 0) return failed("write", fd);
  return static_cast<std::size_t>(n);
}

Result<std::size_t> pwrite(FdRef fd, std::string_view bytes, std::uint64_t offset) {
  auto n = retry(
      [&] { return ::pwrite(fd.raw(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
  if (n < 0) return failed("pwrite", fd, offset);
  return static_cast<std::size_t>(n);
}

Result<struct stat> fstat(FdRef fd) {
  struct stat st {};
  if (::fstat(fd.raw(), &st) < 0) return failed("fstat", fd);
  return st;
}

Result<struct stat> fstatat(FdRef dir, const std::string& path, int flags) {
  struct stat st {};
  if (::fstatat(dir.raw(), path.c_str(), &st, flags) < 0) return failed("fstatat", dir, path);
  return st;
}

Result<struct statfs> fstatfs(FdRef fd) {
  struct statfs st {};
  if (retry([&] { return ::fstatfs(fd.raw(), &st); }) < 0) return failed("fstatfs", fd);
  return st;
}

Result<struct statfs> statfs(const std::string& path) {
  struct statfs st {};
  if (retry([&] { return ::statfs(path.c_str(), &st); }) < 0) return failed("statfs", path);
  return st;
}

Result<std::uint64_t> mount_id(FdRef dir, const std::string& path, int flags) {
  struct statx st {};
  if (::statx(dir.raw(), path.c_str(), flags, STATX_MNT_ID, &st) < 0)
    return failed("statx", dir, path);
  return static_cast<std::uint64_t>(st.stx_mnt_id);
}

Result<std::string> readlinkat(FdRef dir, const std::string& path) {
  std::array<char, PATH_MAX + 1> buffer;
  auto n = ::readlinkat(dir.raw(), path.c_str(), buffer.data(), buffer.size());
  if (n < 0) return failed("readlinkat", dir, path);
  return std::string(buffer.data(), static_cast<std::size_t>(n));
}

Status mkdirat(FdRef dir, const std::string& path, unsigned mode) {
  if (::mkdirat(dir.raw(), path.c_str(), mode) < 0) return failed("mkdirat", dir, path);
  return {};
}

Status mknodat(FdRef dir, const std::string& path, unsigned mode, dev_t device) {
  if (::mknodat(dir.raw(), path.c_str(), mode, device) < 0) return failed("mknodat", dir, path);
  return {};
}

Status mkfifoat(FdRef dir, const std::string& path, unsigned mode) {
  if (::mkfifoat(dir.raw(), path.c_str(), mode) < 0) return failed("mkfifoat", dir, path);
  return {};
}

Status symlinkat(const std::string& target, FdRef dir, const std::string& path) {
  if (::symlinkat(target.c_str(), dir.raw(), path.c_str()) < 0)
    return failed("symlinkat", target, dir, path);
  return {};
}

Status linkat(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to,
              int flags) {
  if (::linkat(from_dir.raw(), from.c_str(), to_dir.raw(), to.c_str(), flags) < 0)
    return failed("linkat", from_dir, from, to_dir, to);
  return {};
}

Status renameat2(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to,
                 unsigned flags) {
  if (::renameat2(from_dir.raw(), from.c_str(), to_dir.raw(), to.c_str(), flags) < 0)
    return failed("renameat2", from_dir, from, to_dir, to);
  return {};
}

Status unlinkat(FdRef dir, const std::string& path, int flags) {
  if (::unlinkat(dir.raw(), path.c_str(), flags) < 0) return failed("unlinkat", dir, path);
  return {};
}

Status fchmod(FdRef fd, unsigned mode) {
  if (::fchmod(fd.raw(), mode) < 0) return failed("fchmod", fd);
  return {};
}

Status fchmod_path(FdRef path_fd, unsigned mode) {
  // man: open(2), O_PATH: fchmod refuses these descriptors; the magic link leads to the very inode.
  if (::fchmodat(AT_FDCWD, magic_path(path_fd).c_str(), mode, 0) < 0)
    return failed("fchmodat", path_fd);
  return {};
}

Status fchownat(FdRef dir, const std::string& path, uid_t uid, gid_t gid, int flags) {
  if (::fchownat(dir.raw(), path.c_str(), uid, gid, flags) < 0)
    return failed("fchownat", dir, path, uid, gid);
  return {};
}

Status faccessat(FdRef dir, const std::string& path, int mode) {
  // Not the C library's, which in part answers by itself.
  if (::syscall(SYS_faccessat2, dir.raw(), path.c_str(), mode, AT_EACCESS) < 0)
    return failed("faccessat2", dir, path, mode);
  return {};
}

Status utimensat(FdRef dir, const std::string& path, const struct timespec (&times)[2], int flags) {
  if (::utimensat(dir.raw(), path.c_str(), times, flags) < 0) return failed("utimensat", dir, path);
  return {};
}

Status fsetxattr(FdRef fd, const std::string& name, std::string_view value) {
  if (::fsetxattr(fd.raw(), name.c_str(), value.data(), value.size(), 0) < 0)
    return failed("fsetxattr", fd, name);
  return {};
}

Status lsetxattrat(FdRef dir, const std::string& path, const std::string& name,
                   std::string_view value) {
  // There is no setxattrat before Linux 6.13: the directory is named by its descriptor's magic
  // link.
  auto place = base::cat(magic_path(dir), "/", path);
  if (::lsetxattr(place.c_str(), name.c_str(), value.data(), value.size(), 0) < 0)
    return failed("lsetxattr", dir, path, name);
  return {};
}

Result<std::string> fgetxattr(FdRef fd, const std::string& name) {
  std::string value(XATTR_SIZE_MAX, '\0');
  auto n = ::fgetxattr(fd.raw(), name.c_str(), value.data(), value.size());
  if (n < 0) return failed("fgetxattr", fd, name);
  value.resize(static_cast<std::size_t>(n));
  return value;
}

Result<std::vector<std::string>> flistxattr(FdRef fd) {
  std::string names(XATTR_LIST_MAX, '\0');
  auto n = ::flistxattr(fd.raw(), names.data(), names.size());
  if (n < 0) return failed("flistxattr", fd);
  names.resize(static_cast<std::size_t>(n));
  std::vector<std::string> out;
  for (auto name : base::split(names, '\0'))
    if (!name.empty()) out.emplace_back(name);
  return out;
}

Status ftruncate(FdRef fd, std::uint64_t size) {
  if (retry([&] { return ::ftruncate(fd.raw(), static_cast<off_t>(size)); }) < 0)
    return failed("ftruncate", fd, size);
  return {};
}

Status fsync(FdRef fd) {
  if (retry([&] { return ::fsync(fd.raw()); }) < 0) return failed("fsync", fd);
  return {};
}

Status flock(FdRef fd, int operation) {
  if (retry([&] { return ::flock(fd.raw(), operation); }) < 0)
    return failed("flock", fd, operation);
  return {};
}

Result<std::vector<DirEntry>> getdents(FdRef dir) {
  alignas(struct dirent64) std::array<char, 32768> buffer;
  std::vector<DirEntry> out;
  // A block may hold only "." and "..": go on, since an empty answer means the end.
  while (out.empty()) {
    auto n = ::syscall(SYS_getdents64, dir.raw(), buffer.data(), buffer.size());
    if (n < 0) return failed("getdents64", dir);
    if (n == 0) break;
    for (long at = 0; at < n;) {
      auto entry = reinterpret_cast<const struct dirent64*>(buffer.data() + at);
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") {
        DirEntry row;
        row.name = name;
        row.type = entry->d_type;
        out.push_back(std::move(row));
      }
      at += entry->d_reclen;
    }
  }
  return out;
}

Result<Fd> memfd_create(const std::string& name) {
  constexpr unsigned kExec =
      0x10;  // MFD_EXEC, Linux 6.3: where vm.memfd_noexec is set it has to be asked for
  int n = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | kExec);
  if (n < 0 && errno == EINVAL) n = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (n < 0) return failed("memfd_create", name);
  return Fd(n);
}

Status add_seals(FdRef fd, int seals) {
  if (::fcntl(fd.raw(), F_ADD_SEALS, seals) < 0) return failed("fcntl F_ADD_SEALS", fd, seals);
  return {};
}

Result<int> get_seals(FdRef fd) {
  int n = ::fcntl(fd.raw(), F_GET_SEALS);
  if (n < 0) return failed("fcntl F_GET_SEALS", fd);
  return n;
}

Result<std::size_t> sendfile(FdRef to, FdRef from, std::size_t size) {
  auto n = retry([&] { return ::sendfile(to.raw(), from.raw(), nullptr, size); });
  if (n < 0) return failed("sendfile", to, from);
  return static_cast<std::size_t>(n);
}

Result<Pipe> pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return failed("pipe2");
  Pipe out;
  out.read_end = Fd(ends[0]);
  out.write_end = Fd(ends[1]);
  return out;
}

Result<Fd> duplicate(FdRef fd, int least) {
  int n = ::fcntl(fd.raw(), F_DUPFD_CLOEXEC, least);
  if (n < 0) return failed("fcntl F_DUPFD_CLOEXEC", fd);
  return Fd(n);
}

Status place_at(FdRef fd, int target) {
  // dup3 refuses equal numbers, and then only the flag has to go.
  if (fd.raw() == target) return set_cloexec(fd, false);
  if (retry([&] { return ::dup3(fd.raw(), target, 0); }) < 0) return failed("dup3", fd, target);
  return {};
}

Status set_cloexec(FdRef fd, bool close_on_exec) {
  if (::fcntl(fd.raw(), F_SETFD, close_on_exec ? FD_CLOEXEC : 0) < 0)
    return failed("fcntl F_SETFD", fd);
  return {};
}

Status set_nonblocking(FdRef fd, bool nonblocking) {
  int flags = ::fcntl(fd.raw(), F_GETFL);
  if (flags < 0) return failed("fcntl F_GETFL", fd);
  flags = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (::fcntl(fd.raw(), F_SETFL, flags) < 0) return failed("fcntl F_SETFL", fd);
  return {};
}

Status close_on_exec_from(unsigned first) {
  if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
    return failed("close_range", first);
  return {};
}

Result<Fd> eventfd() {
  int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return failed("eventfd", 0);
  return Fd(fd);
}

Result<Fd> inotify() {
  int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return failed("inotify_init1", 0);
  return Fd(fd);
}

Status watch(FdRef inotify, const std::string& path, std::uint32_t events) {
  if (::inotify_add_watch(inotify.raw(), path.c_str(), events) < 0)
    return failed("inotify_add_watch", path);
  return {};
}

Result<int> poll(std::span<PollItem> items, int milliseconds) {
  std::vector<struct pollfd> rows;
  rows.reserve(items.size());
  for (const auto& item : items) rows.push_back({item.fd.raw(), item.events, 0});
  int n = ::poll(rows.data(), rows.size(), milliseconds);
  if (n < 0) return failed("poll");
  for (std::size_t i = 0; i < rows.size(); ++i) items[i].revents = rows[i].revents;
  return n;
}

Status fchdir(FdRef dir) {
  if (::fchdir(dir.raw()) < 0) return failed("fchdir", dir);
  return {};
}

Status chdir(const std::string& path) {
  if (::chdir(path.c_str()) < 0) return failed("chdir", path);
  return {};
}

Result<std::string> getcwd() {
  std::array<char, PATH_MAX + 1> buffer;
  if (::syscall(SYS_getcwd, buffer.data(), buffer.size()) < 0) return failed("getcwd");
  return std::string(buffer.data());
}

unsigned umask(unsigned mask) { return ::umask(mask); }

}  // namespace sys
