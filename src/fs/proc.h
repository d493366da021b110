// A procfs handle known to be procfs: entries of processes and sysctls are reached through it
// alone.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace fs {

// cve: 2025-52881 (writes redirected by a mount or link placed where procfs is expected)
class Proc {
 public:
  // /proc of our mount namespace, checked to be the root of a procfs.
  static base::Result<Proc> open();
  // One that is mounted nowhere, of the pid namespace of our children: no ".." leads out of it, and
  // nothing can be mounted on it. Refused (EPERM) to a user namespace that sees no unmasked one.
  static base::Result<Proc> detached();

  // Opens "self/attr/exec" and the like: beneath it, never over a mount, never through a link but
  // the "self" ones. What is mounted over, of "self/" and "sys/", is opened in a procfs of our own
  // instead, where the kernel lets us have one; else it is an error (EXDEV).
  base::Result<base::Fd> open_entry(const std::string& path, int flags) const;
  base::Result<std::string> read(const std::string& path) const;
  // One write, as procfs wants it.
  base::Status write(const std::string& path, std::string_view text) const;
  base::FdRef fd() const { return fd_; }

 private:
  explicit Proc(base::Fd fd) : fd_(std::move(fd)) {}
  base::Fd fd_;
};

// What /proc/PID/stat says of a process.
struct ProcessStat {
  char state = '?';              // 'R', 'S', 'Z' (zombie), 'X' (dead) …
  std::uint64_t start_time = 0;  // clock ticks since boot: with the pid, the identity of a process
};
// An error with code ENOENT or ESRCH when there is no such process.
base::Result<ProcessStat> process_stat(const Proc& proc, pid_t pid);
// What the process is called in its own, innermost pid namespace. man: proc(5), NSpid
base::Result<pid_t> pid_inside(const Proc& proc, pid_t pid);
// The processes whose pid namespace is that of this one, it included; only it, where that is our
// own.
base::Result<std::vector<int>> same_pid_namespace(const Proc& proc, pid_t pid);
// The text of /proc/PID/stat. man: proc(5)
base::Result<ProcessStat> parse_process_stat(std::string_view text);

}  // namespace fs
