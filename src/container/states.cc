#include "container/states.h"

#include <fcntl.h>

#include <cerrno>

#include "apply/freezer.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/process.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;

// Whether init still waits for `start`: somebody has the fifo open for reading.
Result<bool> waits(const Record& record) {
  auto fifo = sys::openat(record.dir(), std::string(kExecFifo), O_WRONLY | O_NONBLOCK);
  if (fifo) return true;
  if (fifo.error().code() == ENXIO || fifo.error().code() == ENOENT) return false;
  return std::move(fifo).error();
}

}  // namespace

Result<std::optional<Fd>> open_init(const Saved& saved, const fs::Proc& proc) {
  if (saved.pid <= 0) return std::optional<Fd>();
  auto pid = static_cast<pid_t>(saved.pid);
  // First the pidfd, then the look at who it is: in the other order the pid could pass on in
  // between.
  auto pidfd = sys::pidfd_open(pid);
  // EINVAL before Linux 6.15: no process has the number any more, only a group or session of those
  // that init has left behind.
  if (!pidfd && (pidfd.error().code() == ESRCH || pidfd.error().code() == EINVAL))
    return std::optional<Fd>();
  auto fd = TRY(std::move(pidfd));
  auto stat = fs::process_stat(proc, pid);
  if (!stat && (stat.error().code() == ENOENT || stat.error().code() == ESRCH))
    return std::optional<Fd>();
  auto now = TRY(std::move(stat));
  if (now.start_time != saved.start_time || now.state == 'Z' || now.state == 'X')
    return std::optional<Fd>();
  return std::optional<Fd>(std::move(fd));
}

Result<spec::Status> status_of(const Record& record, const fs::Proc& proc) {
  // Whoever is not through with create holds the lock, or has been killed.
  if (!record.saved.ready)
    return TRY(record.busy()) ? spec::Status::Creating : spec::Status::Stopped;
  if (!TRY(open_init(record.saved, proc))) return spec::Status::Stopped;
  // compat: runc: frozen before `start` is paused, too; else nothing could be resumed.
  if (TRY(apply::frozen(record.saved.cgroup))) return spec::Status::Paused;
  if (TRY(waits(record))) return spec::Status::Created;
  return spec::Status::Running;
}

spec::State state_of(const Saved& saved, spec::Status status) {
  spec::State out;
  out.id = saved.id;
  out.status = status;
  out.pid = status == spec::Status::Stopped ? 0 : saved.pid;
  out.bundle = saved.bundle;
  out.annotations = saved.annotations;
  return out;
}

Result<std::string> absolute_path(const std::string& path) {
  auto dir = TRY(sys::openat(FdRef::cwd(), path, O_PATH | O_DIRECTORY));
  return sys::readlinkat(FdRef::cwd(), base::cat("/proc/self/fd/", dir.raw()));
}

base::Status write_pid_file(const std::string& path, pid_t pid) {
  auto slash = path.find_last_of('/');
  auto dir =
      TRY(sys::openat(FdRef::cwd(), slash == std::string::npos ? "." : path.substr(0, slash + 1),
                      O_RDONLY | O_DIRECTORY),
          "pid file");
  TRY(fs::replace_file(dir, path.substr(slash + 1), base::cat(pid), 0644, fs::Lasting::Run),
      "pid file");
  return {};
}

}  // namespace container
