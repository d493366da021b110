#include "engine/phase.h"

#include <poll.h>

#include <cerrno>

#include "base/text.h"
#include "base/time.h"
#include "fs/proc.h"
#include "sys/file.h"
#include "sys/process.h"

namespace engine {

using base::Fd;
using base::FdRef;
using base::Result;

Result<ProcessId> identify(pid_t pid) {
  auto proc = TRY(fs::Proc::open());
  auto stat = TRY(fs::process_stat(proc, pid));
  return ProcessId{pid, stat.start_time};
}

Result<std::string> boot_id() {
  auto proc = TRY(fs::Proc::open());
  auto text = TRY(proc.read("sys/kernel/random/boot_id"));
  return std::string(base::trim(text));
}

Result<std::optional<Fd>> open_process(const ProcessId& process, const std::string& boot) {
  std::optional<Fd> none;
  if (process.pid == 0) return none;
  auto now = TRY(boot_id());
  if (boot != now) return none;
  auto pidfd = sys::pidfd_open(static_cast<pid_t>(process.pid));
  if (!pidfd) {
    // EINVAL before Linux 6.15: only a group or session has the number any more.
    if (pidfd.error().code() == ESRCH || pidfd.error().code() == EINVAL) return none;
    return std::move(pidfd).error();
  }
  // With the descriptor in hand the pid cannot pass on to another one.
  auto proc = TRY(fs::Proc::open());
  auto stat = fs::process_stat(proc, static_cast<pid_t>(process.pid));
  if (!stat) return none;
  bool same = stat.value().start_time == process.start_time && stat.value().state != 'Z' &&
              stat.value().state != 'X';
  if (!same) return none;
  return std::optional<Fd>(std::move(pidfd).value());
}

Result<Phase> phase_now(const Container& container) {
  const auto& state = container.record.state;
  bool ends = state.phase == Phase::Running || state.phase == Phase::Paused ||
              state.phase == Phase::Restarting;
  if (!ends) return state.phase;
  auto init = TRY(open_process(state.init, state.boot));
  if (init) return state.phase;
  auto monitor = TRY(open_process(state.monitor, state.boot));
  return monitor ? state.phase : Phase::Exited;
}

Result<bool> wait_process(FdRef pidfd, int milliseconds) {
  for (;;) {
    sys::PollItem items[]{{.fd = pidfd, .events = POLLIN}};
    auto ready = sys::poll(items, milliseconds);
    if (ready) return ready.value() > 0;
    if (ready.error().code() != EINTR) return std::move(ready).error();
  }
}

Result<bool> lost_monitor(const Container& container, Phase phase) {
  if (phase != Phase::Running && phase != Phase::Paused) return false;
  const auto& state = container.record.state;
  auto monitor = TRY(open_process(state.monitor, state.boot));
  return !monitor;
}

// compat: docker's units.HumanDuration
std::string show_span(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24;  // a day in hours
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < kMinute) return base::cat(seconds, " seconds");
  if (seconds < 2 * kMinute) return "About a minute";
  if (seconds < kHour) return base::cat(seconds / kMinute, " minutes");
  auto hours = (seconds + kHour / 2) / kHour;
  if (hours == 1) return "About an hour";
  if (hours < 2 * kDay) return base::cat(hours, " hours");
  if (hours < 14 * kDay) return base::cat(hours / kDay, " days");
  if (hours < 60 * kDay) return base::cat(hours / (7 * kDay), " weeks");
  if (hours < 2 * 365 * kDay) return base::cat(hours / (30 * kDay), " months");
  return base::cat(hours / (365 * kDay), " years");
}

std::string describe(const Record& record, Phase phase, std::int64_t now) {
  const auto& state = record.state;
  auto since = [&](const std::string& time) {
    auto then = base::parse_rfc3339(time);
    return show_span(then ? now - *then / 1'000'000'000 : 0);
  };
  switch (phase) {
    case Phase::Creating:
      return "Creating";
    case Phase::Created:
      return "Created";
    case Phase::Running:
      return "Up " + since(state.started);
    case Phase::Paused:
      return base::cat("Up ", since(state.started), " (Paused)");
    case Phase::Restarting:
      return base::cat("Restarting (", state.exit_code, ") ", since(state.finished), " ago");
    case Phase::Exited:
      return state.finished.empty()
                 ? "Exited (unknown)"
                 : base::cat("Exited (", state.exit_code, ") ", since(state.finished), " ago");
  }
  return {};
}

}  // namespace engine
