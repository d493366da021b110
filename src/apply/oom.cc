#include "apply/oom.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "apply/cgroup_errors.h"
#include "apply/cgroup_stats_text.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

constexpr std::size_t kLongestEvents = 4096;

// Linux: admin-guide/cgroup-v1/memory, "OOM control": the kernel adds 1 to the eventfd each time,
// and once more when the group is removed.
Result<Fd> register_v1(const std::string& group) {
  auto control = TRY(sys::openat(FdRef::cwd(), group + "/memory.oom_control", O_RDONLY));
  auto event = TRY(sys::eventfd());
  TRY(fs::write_control(FdRef::cwd(), group + "/cgroup.event_control",
                        base::cat(event.raw(), ' ', control.raw())));
  return event;
}

// From the beginning; that also takes back the notification of what was before.
Result<std::uint64_t> read_kills(FdRef events) {
  std::array<char, kLongestEvents> buffer;
  auto size = TRY(sys::pread(events, buffer, 0));
  return oom_kills({buffer.data(), size});
}

}  // namespace

std::uint64_t oom_kills(std::string_view text) { return value_of(keyed_numbers(text), "oom_kill"); }

Result<std::optional<OomWatch>> OomWatch::open(const CgroupPaths& paths) {
  std::optional<OomWatch> none;
  auto v1 = paths.with_v1("memory");
  auto group = v1 ? v1 : paths.unified();
  if (!group) return none;
  auto path = group->full();
  auto fd = v1 ? register_v1(path) : sys::openat(FdRef::cwd(), path + "/memory.events", O_RDONLY);
  if (!fd && is_gone(fd.error())) return none;
  auto opened = TRY(std::move(fd), "watch for want of memory in ", path);
  if (v1) return std::optional<OomWatch>(OomWatch(std::move(opened), path, 0));
  auto kills = TRY(read_kills(opened));
  return std::optional<OomWatch>(OomWatch(std::move(opened), {}, kills));
}

// A file of cgroup v2 can always be read; a change is told by POLLPRI. man: cgroups(7)
short OomWatch::events() const { return group_.empty() ? POLLPRI : POLLIN; }

Result<bool> OomWatch::take() {
  if (group_.empty()) {
    auto kills = read_kills(fd_);
    if (!kills && is_gone(kills.error())) return false;
    auto before = kills_;
    kills_ = TRY(std::move(kills));
    return kills_ > before;
  }
  std::array<char, sizeof(std::uint64_t)> bytes{};
  auto n = sys::read(fd_, bytes);
  if (!n && n.error().code() == EAGAIN) return false;
  TRY(std::move(n));
  std::uint64_t count = 0;
  std::memcpy(&count, bytes.data(), sizeof count);
  bool removed = !sys::fstatat(FdRef::cwd(), group_, 0);
  return count > (removed ? 1U : 0U);
}

}  // namespace apply
