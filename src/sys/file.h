// System calls on files and directories: one function each, close-on-exec always, errors like a
// line of strace.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// man: open(2). O_CLOEXEC and O_NOCTTY are always set.
Result<Fd> openat(FdRef dir, const std::string& path, int flags, unsigned mode = 0);
// man: openat2(2), Linux 5.6. resolve: base::kernel::kResolve…; EAGAIN (a racing rename) is
// retried.
Result<Fd> openat2(FdRef dir, const std::string& path, int flags, unsigned mode,
                   std::uint64_t resolve);

// man: read(2), write(2): how many bytes were moved; 0 from read is the end.
Result<std::size_t> read(FdRef fd, std::span<char> into);
Result<std::size_t> write(FdRef fd, std::string_view bytes);
Result<std::size_t> pread(FdRef fd, std::span<char> into, std::uint64_t offset);
Result<std::size_t> pwrite(FdRef fd, std::string_view bytes, std::uint64_t offset);

Result<struct stat> fstat(FdRef fd);
// flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH
Result<struct stat> fstatat(FdRef dir, const std::string& path, int flags);
Result<struct statfs> fstatfs(FdRef fd);
Result<struct statfs> statfs(const std::string& path);
// The mount id of this place. man: statx(2), STATX_MNT_ID, Linux 5.8
Result<std::uint64_t> mount_id(FdRef dir, const std::string& path, int flags);

// path "" with the descriptor of a link reads that link.
Result<std::string> readlinkat(FdRef dir, const std::string& path);
Status mkdirat(FdRef dir, const std::string& path, unsigned mode);
Status mknodat(FdRef dir, const std::string& path, unsigned mode, dev_t device);
Status symlinkat(const std::string& target, FdRef dir, const std::string& path);
Status linkat(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to,
              int flags = 0);
// flags: RENAME_NOREPLACE, RENAME_EXCHANGE
Status renameat2(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to,
                 unsigned flags = 0);
Status unlinkat(FdRef dir, const std::string& path, int flags = 0);

Status fchmod(FdRef fd, unsigned mode);
// The mode of what an O_PATH descriptor names, which is never followed (through /proc/self/fd).
Status fchmod_path(FdRef path_fd, unsigned mode);
Status fchownat(FdRef dir, const std::string& path, uid_t uid, gid_t gid, int flags);
// Whether our effective ids may: R_OK, W_OK, X_OK. man: faccessat(2), faccessat2, Linux 5.8
Status faccessat(FdRef dir, const std::string& path, int mode);
Status utimensat(FdRef dir, const std::string& path, const struct timespec (&times)[2], int flags);

// Extended attributes of an open file, or of a name in a directory (never followed).
Status fsetxattr(FdRef fd, const std::string& name, std::string_view value);
Status lsetxattrat(FdRef dir, const std::string& path, const std::string& name,
                   std::string_view value);
Result<std::string> fgetxattr(FdRef fd, const std::string& name);
Result<std::vector<std::string>> flistxattr(FdRef fd);

Status ftruncate(FdRef fd, std::uint64_t size);
Status fsync(FdRef fd);
// man: flock(2). operation: LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB
Status flock(FdRef fd, int operation);

struct DirEntry {
  std::string name{};
  unsigned char type = 0;  // DT_…
};
// The next entries of an open directory (without "." and ".."); none at the end. man: getdents64(2)
Result<std::vector<DirEntry>> getdents(FdRef dir);

// man: memfd_create(2), with MFD_ALLOW_SEALING, executable
Result<Fd> memfd_create(const std::string& name);
// man: fcntl(2), F_ADD_SEALS, F_GET_SEALS
Status add_seals(FdRef fd, int seals);
Result<int> get_seals(FdRef fd);
// Copies up to `size` bytes in the kernel. man: sendfile(2)
Result<std::size_t> sendfile(FdRef to, FdRef from, std::size_t size);

Status mkfifoat(FdRef dir, const std::string& path, unsigned mode);

struct Pipe {
  Fd read_end{};
  Fd write_end{};
};
Result<Pipe> pipe();

// A second descriptor of the same open file. man: fcntl(2), F_DUPFD_CLOEXEC from `least` up.
Result<Fd> duplicate(FdRef fd, int least = 3);
// Makes `fd` also the descriptor number `target`, which survives exec. man: dup3(2)
Status place_at(FdRef fd, int target);
// Whether exec keeps it.
Status set_cloexec(FdRef fd, bool close_on_exec);
Status set_nonblocking(FdRef fd, bool nonblocking);
// Sets close-on-exec on every descriptor from `first` up. man: close_range(2), Linux 5.11
Status close_on_exec_from(unsigned first);

// A counter that is readable, without blocking, when it is not 0; 8 bytes. man: eventfd(2)
Result<Fd> eventfd();

// A queue that does not block, and what puts into it. man: inotify(7)
Result<Fd> inotify();
Status watch(FdRef inotify, const std::string& path, std::uint32_t events);

struct PollItem {
  FdRef fd;
  short events = 0;
  short revents = 0;
};
// How many items have something; 0 when the time (milliseconds, -1: for ever) is over. EINTR is
// returned as an error, since the callers that care wait for signals.
Result<int> poll(std::span<PollItem> items, int milliseconds);

Status fchdir(FdRef dir);
Status chdir(const std::string& path);
Result<std::string> getcwd();
// The former mask.
unsigned umask(unsigned mask);

}  // namespace sys
