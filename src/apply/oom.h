// Tells when the kernel is out of memory in a container's cgroup, as it happens.
#pragma once
#include <optional>
#include <string_view>

#include "apply/cgroup.h"

namespace apply {

class OomWatch {
 public:
  // Sees what happens from now on. Nothing where memory is not counted, or the group is gone.
  static Result<std::optional<OomWatch>> open(const CgroupPaths& paths);

  // What poll(2) is to wait for, and with which events.
  FdRef fd() const { return fd_; }
  short events() const;
  // Whether it has happened since the last time.
  Result<bool> take();

 private:
  OomWatch(Fd fd, std::string group, std::uint64_t kills)
      : fd_(std::move(fd)), group_(std::move(group)), kills_(kills) {}
  Fd fd_;                    // v1: an eventfd; v2: memory.events
  std::string group_;        // v1: the directory; v2: empty
  std::uint64_t kills_ = 0;  // v2: that were seen
};

// "oom_kill 3" of a text of memory.events or memory.oom_control.
std::uint64_t oom_kills(std::string_view text);

}  // namespace apply
