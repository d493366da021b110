#include "apply/freezer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "apply/cgroup_errors.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/process.h"

namespace apply {
namespace {

constexpr int kFreezeMilliseconds = 10'000;
// For killing: whoever does not freeze in this time is killed unfrozen.
constexpr int kKillFreezeMilliseconds = 500;

std::int64_t now_milliseconds() {
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1000} + now.tv_nsec / 1'000'000;
}

// The hierarchy that freezes: v1's freezer where there is one, since whoever looks at the container
// from outside looks there.
const CgroupPath* freezer_of(const CgroupPaths& paths) {
  auto v1 = paths.with_v1("freezer");
  return v1 ? v1 : paths.unified();
}

Result<Fd> open_group(const CgroupPath& group) {
  return sys::openat(FdRef::cwd(), group.full(), O_PATH | O_DIRECTORY);
}

Status freeze_v1(FdRef dir, int milliseconds) {
  auto end = now_milliseconds() + milliseconds;
  int wait = 1;
  for (int round = 1;; ++round) {
    // Linux: freezer-subsystem: a task that forks or moves may escape one attempt; writing again
    // catches it.
    TRY(fs::write_control(dir, "freezer.state", "FROZEN"));
    auto state = TRY(fs::read_file(dir, "freezer.state"));
    if (base::trim(state) == "FROZEN") return {};
    if (now_milliseconds() >= end)
      return base::state_error("not every process froze within ", milliseconds, " ms");
    // compat: as runc found, a short thaw lets a task go on that others wait for.
    if (round % 50 == 0) TRY(fs::write_control(dir, "freezer.state", "THAWED"));
    (void)sys::poll({}, wait);
    if (wait < 16) wait *= 2;
  }
}

Result<bool> events_say_frozen(FdRef events) {
  std::array<char, 256> buffer;
  auto n = TRY(sys::pread(events, buffer, 0));
  return std::string_view(buffer.data(), n).find("frozen 1") != std::string_view::npos;
}

Status freeze_v2(FdRef dir, int milliseconds) {
  auto events = TRY(sys::openat(dir, "cgroup.events", O_RDONLY));
  TRY(fs::write_control(dir, "cgroup.freeze", "1"));
  auto end = now_milliseconds() + milliseconds;
  for (;;) {
    // Reading first: it also takes back the notification of what was before.
    if (TRY(events_say_frozen(events))) return {};
    auto left = end - now_milliseconds();
    if (left <= 0) return base::state_error("not every process froze within ", milliseconds, " ms");
    sys::PollItem item[1] = {{.fd = events, .events = POLLPRI}};
    auto polled = sys::poll(item, static_cast<int>(left));
    if (!polled && polled.error().code() != EINTR) return std::move(polled).error();
  }
}

Status freeze_for(const CgroupPath& group, int milliseconds) {
  auto dir = TRY(open_group(group));
  auto done = group.v2 ? freeze_v2(dir, milliseconds) : freeze_v1(dir, milliseconds);
  if (!done)
    (void)fs::write_control(dir, group.v2 ? "cgroup.freeze" : "freezer.state",
                            group.v2 ? "0" : "THAWED");
  return done;
}

Status thaw_group(const CgroupPath& group) {
  auto dir = open_group(group);
  auto done = dir ? fs::write_control(dir.value(), group.v2 ? "cgroup.freeze" : "freezer.state",
                                      group.v2 ? "0" : "THAWED")
                  : Status(std::move(dir).error());
  if (!done && is_gone(done.error())) return {};
  return done;
}

// While all are frozen no process can end, so no id can pass to another meanwhile.
Status kill_each(const CgroupPaths& paths) {
  auto pids = TRY(processes(paths));
  for (int pid : pids)
    if (auto done = sys::kill(pid, SIGKILL); !done && done.error().code() != ESRCH) return done;
  return {};
}

}  // namespace

Status freeze(const CgroupPaths& paths) {
  auto group = freezer_of(paths);
  if (!group) return base::unsupported("freeze: the container has no cgroup with a freezer");
  TRY(freeze_for(*group, kFreezeMilliseconds), "freeze cgroup ", group->full());
  return {};
}

Status thaw(const CgroupPaths& paths) {
  auto group = freezer_of(paths);
  if (!group) return {};
  TRY(thaw_group(*group), "thaw cgroup ", group->full());
  return {};
}

Result<bool> frozen(const CgroupPaths& paths) {
  auto group = freezer_of(paths);
  if (!group) return false;
  auto file = base::cat(group->full(), group->v2 ? "/cgroup.freeze" : "/freezer.state");
  auto text = fs::read_file(FdRef::cwd(), file);
  if (!text) {
    if (is_gone(text.error())) return false;
    return std::move(text).error();
  }
  auto word = base::trim(text.value());
  return group->v2 ? word == "1" : word != "THAWED";
}

Status kill_all(const CgroupPaths& paths) {
  auto v1 = paths.with_v1("freezer");
  if (auto v2 = paths.unified()) {
    auto done = fs::write_control(FdRef::cwd(), v2->full() + "/cgroup.kill", "1");
    if (!done && !is_gone(done.error())) return std::move(done).error().in("kill all processes");
    if (!v1) return thaw(paths);
  }
  auto frozen_first = v1 ? freeze_for(*v1, kKillFreezeMilliseconds) : Status();
  auto killed = kill_each(paths);
  // Whatever failed: what stays frozen neither dies nor runs.
  auto thawed = thaw(paths);
  TRY(std::move(killed), "kill all processes");
  if (!thawed) return thawed;
  if (!frozen_first && frozen_first.error().kind() != base::Kind::State &&
      !is_gone(frozen_first.error()))
    return frozen_first;
  return {};
}

}  // namespace apply
