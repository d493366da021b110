#include "fs/files.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>

#include "sys/file.h"

namespace fs {

Result<std::string> read_all(FdRef fd, std::uint64_t limit) {
  std::string out;
  std::array<char, 16384> buffer;
  for (;;) {
    auto n = TRY(sys::read(fd, buffer));
    if (n == 0) return out;
    if (out.size() + n > limit) return base::config_error("longer than ", limit, " bytes");
    out.append(buffer.data(), n);
  }
}

Result<std::string> read_file(FdRef dir, const std::string& path, std::uint64_t limit) {
  auto fd = TRY(sys::openat(dir, path, O_RDONLY));
  return TRY(read_all(fd, limit), path);
}

Status write_all(FdRef fd, std::string_view bytes) {
  while (!bytes.empty()) bytes.remove_prefix(TRY(sys::write(fd, bytes)));
  return {};
}

Status write_control(FdRef dir, const std::string& path, std::string_view text) {
  auto fd = TRY(sys::openat(dir, path, O_WRONLY));
  TRY(sys::write(fd, text), "write ", base::quote(text), " to ", path);
  return {};
}

namespace {
// Removes the temporary file unless it has got its name.
class Temporary {
 public:
  Temporary(FdRef dir, std::string name) : dir_(dir), name_(std::move(name)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!kept_) (void)sys::unlinkat(dir_, name_);
  }
  void keep() { kept_ = true; }

 private:
  FdRef dir_;
  std::string name_;
  bool kept_ = false;
};
}  // namespace

Status replace_file(FdRef dir, const std::string& name, std::string_view text, unsigned mode,
                    Lasting lasting) {
  // The name need not be unguessable: the directory is ours. It is the same at each try, so that
  // what a killed writer left is overwritten; writers take turns by a lock of their own.
  auto temporary_name = base::cat(".", name, ".new");
  auto fd = TRY(sys::openat(dir, temporary_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  Temporary temporary(dir, temporary_name);
  TRY(write_all(fd, text), name);
  if (lasting == Lasting::Disk) TRY(sys::fsync(fd));
  TRY(sys::renameat2(dir, temporary_name, dir, name));
  temporary.keep();
  if (lasting == Lasting::Run) return {};
  auto here = TRY(sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
  return sys::fsync(here);
}

Result<std::string> path_of(FdRef fd) {
  return sys::readlinkat(FdRef::cwd(), base::cat("/proc/self/fd/", fd.raw()));
}

Result<Fd> lock_file(FdRef dir, const std::string& name) {
  auto fd = TRY(sys::openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  TRY(sys::flock(fd, LOCK_EX), "lock ", name);
  return fd;
}

Result<Fd> make_dirs(const std::string& path, unsigned mode) {
  auto opened = sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY);
  if (opened || opened.error().code() != ENOENT) return opened;
  if (auto slash = path.find_last_of('/'); slash != std::string::npos && slash > 0)
    (void)TRY(make_dirs(path.substr(0, slash), mode));
  auto made = sys::mkdirat(FdRef::cwd(), path, mode);
  if (!made && made.error().code() != EEXIST) return std::move(made).error();
  return sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY);
}

}  // namespace fs
