// What follows the end of a container's process.
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "base/time.h"
#include "engine/clock.h"
#include "engine/journal.h"
#include "engine/life.h"
#include "engine/monitor.h"
#include "engine/phase.h"
#include "engine/undo.h"
#include "sys/process.h"

namespace engine {
namespace {

using base::Kind;
using base::Status;

constexpr int kUnknownExit = 255;  // compat: docker, of containers that a restart found dead
constexpr int kNoteWait = 10'000;  // milliseconds
constexpr std::int64_t kFirstDelay = 100;  // milliseconds. compat: docker
constexpr std::int64_t kLongestDelay = 60'000;
constexpr std::int64_t kGoodRun = 10;  // seconds after which delays begin anew

bool wants_restart(const Record& record) {
  const auto& restart = record.restart;
  if (record.state.stop_wanted) return false;
  switch (restart.policy) {
    case RestartPolicy::No:
      return false;
    case RestartPolicy::OnFailure:
      return record.state.exit_code != 0 &&
             (restart.most == 0 || record.state.restarts < restart.most);
    case RestartPolicy::Always:
    case RestartPolicy::UnlessStopped:
      return true;
  }
  return false;
}

// How long until the next start: doubling, for what ends soon after each.
std::int64_t delay_of(const Record& record) {
  auto began = base::parse_rfc3339(record.state.started);
  auto ended = base::parse_rfc3339(record.state.finished);
  bool good_run = began && ended && *ended - *began > kGoodRun * 1'000'000'000;
  if (good_run) return kFirstDelay;
  auto doublings = std::min<std::uint32_t>(record.state.restarts, 10);
  return std::min(kFirstDelay << doublings, kLongestDelay);
}

void sleep_for(std::int64_t milliseconds) {
  struct timespec span {
    .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000
  };
  while (::nanosleep(&span, &span) != 0 && errno == EINTR) {
  }
}

Status restart_later(const Context& context, Container& container) {
  auto count = container.record.state.restarts;
  auto delay = delay_of(container.record);
  container.unlock();
  sleep_for(delay);
  TRY(container.lock());
  auto& state = container.record.state;
  // A person was faster.
  if (state.phase != Phase::Restarting || state.restarts != count) return {};
  ++state.restarts;
  return start(context, container);
}

// Also where its start was killed before it could note that it runs.
bool has_process(const State& state) {
  return state.phase == Phase::Running || state.phase == Phase::Paused || state.init.pid != 0;
}

// Whether a policy starts it again.
enum class Restarts { Yes, No };

Status finish(const Context& context, Container& container, std::uint32_t run, Restarts restarts) {
  TRY(container.lock());
  auto& record = container.record;
  auto& state = record.state;
  bool mine = state.run == run;
  if (!mine || !has_process(state)) {
    container.unlock();
    return {};
  }
  auto exit = exit_of(container);
  undo(context, container);
  state.phase = Phase::Exited;
  state.exit_code = exit ? exit->code : kUnknownExit;
  state.out_of_memory = exit && exit->out_of_memory;
  if (!exit) state.error = "its monitor was gone before it ended";
  state.finished = present_time();
  state.init = state.monitor = state.network = {};
  state.attachments.clear();
  bool again = restarts == Restarts::Yes && wants_restart(record);
  if (again) {
    state.phase = Phase::Restarting;
    state.monitor = TRY(identify(sys::getpid()));
    state.boot = TRY(boot_id());
  }
  bool goes = record.remove && !state.restart_wanted;
  // Until the record has it, the exit file keeps the code. What goes needs no room on the disk.
  if (!goes) TRY(container.save());
  drop_run_folder(context, container);
  if (state.out_of_memory) note_event(context, record, "oom");
  note_event(context, record, "die", {{"exitCode", base::cat(state.exit_code)}});
  if (again) return restart_later(context, container);
  if (goes) return forget(context, container, true);
  container.unlock();
  return {};
}

}  // namespace

Status finish(const Context& context, Container& container, std::uint32_t run) {
  return finish(context, container, run, Restarts::Yes);
}

namespace {

// Who was to start it again may be gone.
Status settle_restart(Container& container) {
  auto& state = container.record.state;
  auto monitor = TRY(open_process(state.monitor, state.boot));
  if (monitor) return {};
  bool locked = TRY(container.try_lock());
  if (!locked) return container.reload();  // it is being started
  monitor = TRY(open_process(state.monitor, state.boot));
  if (state.phase == Phase::Restarting && !monitor) {
    state.phase = Phase::Exited;
    state.monitor = {};
    TRY(container.save());
  }
  container.unlock();
  return {};
}

}  // namespace

Status settle(const Context& context, Container& container) {
  const auto& state = container.record.state;
  TRY(settle_start(context, container));
  if (!has_process(state))
    return state.phase == Phase::Restarting ? settle_restart(container) : Status();
  auto init = TRY(open_process(state.init, state.boot));
  if (init) return {};
  auto monitor = TRY(open_process(state.monitor, state.boot));
  if (!monitor) return finish(context, container, state.run, Restarts::No);
  // It is about to. With a restart policy it stays, and what it notes shows soon.
  if (container.record.restart.policy == RestartPolicy::No)
    (void)TRY(wait_process(*monitor, kNoteWait));
  return container.reload();
}

}  // namespace engine
