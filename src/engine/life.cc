#include "engine/life.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "engine/clock.h"
#include "engine/commands.h"
#include "engine/joins.h"
#include "engine/journal.h"
#include "engine/monitor.h"
#include "engine/networks.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"
#include "engine/undo.h"
#include "engine/user_namespace.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/process.h"

namespace engine {
namespace {

using base::Error;
using base::Fd;
using base::FdRef;
using base::Kind;
using base::Result;
using base::Status;

constexpr int kKilledWait = 10'000;  // milliseconds for what SIGKILL ends
constexpr int kLookAgain = 60'000;   // milliseconds

Status steps_of_start(const Context& context, Container& container, const BeforeStart& before) {
  auto& state = container.record.state;
  (void)TRY(fs::make_dirs(container.run_path(), 0700));
  TRY(mount_root(container));
  TRY(write_joins(context, container));
  auto held = TRY(hold_ports(context, container.record));
  auto monitored = TRY(start_monitor(context, container, held));
  state.monitor = monitored.monitor;
  state.init = monitored.init;
  state.boot = TRY(boot_id());
  TRY(keep_namespaces(context, state.monitor));
  state.started = present_time();
  // From here on, whoever comes after a crash finds what there is to undo, or what runs
  // (take_over).
  TRY(container.save());
  TRY(connect(context, container, static_cast<pid_t>(monitored.init.pid)));
  if (before) TRY(before());
  (void)TRY(call_runtime(context, container, {"start", container.record.id}));
  return {};
}

// Kills what runs, without waiting for its monitor to tell.
Status kill_now(const Context& context, const Container& container) {
  auto sent = call_runtime(context, container, {"kill", container.record.id, "KILL"});
  if (sent || sent.error().kind() == Kind::NotFound || sent.error().kind() == Kind::State)
    return {};
  return std::move(sent).error();
}

// After init has ended: waits for its monitor to finish the container, or does it.
Status await_finish(const Context& context, Container& container) {
  const auto& state = container.record.state;
  auto monitor = TRY(open_process(state.monitor, state.boot));
  if (monitor) {
    TRY(await_exit(container, *monitor, kKilledWait));
    // With a restart policy the monitor lives on; what it finishes shows in the record.
    if (container.record.restart.policy == RestartPolicy::No)
      (void)TRY(wait_process(*monitor, kKilledWait));
  }
  auto done = finish(context, container, state.run);
  if (!done && done.error().kind() == Kind::NotFound) return {};
  return done;
}

// After init has ended by our hand: that holds also where it cannot be noted, on a disk that the
// container has filled, say. `saved`: whether it could be noted that it was wished.
Status conclude(const Context& context, Container& container, const char* operation, Status saved) {
  auto done = await_finish(context, container);
  const auto& record = container.record;
  if (!done && record.remove && !record.state.restart_wanted) return done;
  if (!done) saved = std::move(done);
  if (!saved) complain(base::cat("warning: ", operation, ": ", saved.error().text()));
  return {};
}

bool runs(Phase phase) {
  return phase == Phase::Running || phase == Phase::Paused || phase == Phase::Restarting;
}

}  // namespace

Status start(const Context& context, Container& container, const BeforeStart& before) {
  auto& record = container.record;
  auto& state = record.state;
  if (state.phase == Phase::Running || state.phase == Phase::Paused)
    return base::state_error("container ", record.name, " is running");
  undo_unfinished(context, container);
  auto restarts = state.phase == Phase::Restarting ? state.restarts : 0;
  auto self = TRY(identify(sys::getpid()));
  auto boot = TRY(boot_id());
  state = State{.phase = state.phase,
                .run = state.run + 1,
                .monitor = self,  // until it has one of its own
                .boot = boot,
                .exit_code = state.exit_code,
                .finished = state.finished,
                .restarts = restarts};
  TRY(container.save());
  auto done = steps_of_start(context, container, before);
  if (!done) {
    undo_unfinished(context, container);
    auto kind = done.error().kind();
    state.phase = state.finished.empty() ? Phase::Created : Phase::Exited;
    state.exit_code = kind == Kind::NoProgram ? 127 : kind == Kind::NotExecutable ? 126 : 128;
    state.error = done.error().text();
    state.init = state.monitor = state.network = {};
    state.started.clear();
    (void)container.save();
    return std::move(done).error();
  }
  state.phase = Phase::Running;
  state.started = present_time();
  state.exit_code = 0;
  state.error.clear();
  TRY(container.save());
  note_event(context, record, "start");
  return {};
}

namespace {

// What is to follow.
enum class Then { Nothing, Start };

// Its stop signal; after so many seconds SIGKILL.
Status end_process(const Context& context, const Container& container,
                   std::optional<std::uint32_t> seconds) {
  const auto& record = container.record;
  auto init = TRY(open_process(record.state.init, record.state.boot));
  if (!init) return {};
  auto signal = record.stop_signal.empty() ? "TERM" : record.stop_signal;
  auto sent = call_runtime(context, container, {"kill", record.id, signal});
  if (!sent) context.tell("stop: " + sent.error().text());
  auto most = static_cast<int>(
      std::min<std::uint64_t>(seconds.value_or(record.stop_timeout), 2'000'000) * 1000);
  bool ended = TRY(wait_process(*init, most));
  if (ended) return {};
  TRY(kill_now(context, container));
  ended = TRY(wait_process(*init, kKilledWait));
  if (ended) return {};
  return base::system_error("container ", record.name, " does not end");
}

Status stop(const Context& context, Container& container, std::optional<std::uint32_t> seconds,
            Then then) {
  TRY(container.lock());
  TRY(take_over(context, container));
  auto& record = container.record;
  auto& state = record.state;
  state.stop_wanted = true;
  state.restart_wanted = then == Then::Start;
  if (state.phase == Phase::Restarting) {
    state.phase = Phase::Exited;
    state.monitor = {};
  }
  auto saved = container.save();
  // Unless that is noted, --rm would remove it.
  if (!saved && then == Then::Start) return saved;
  if (state.phase == Phase::Paused) {
    (void)TRY(call_runtime(context, container, {"resume", record.id}));
    state.phase = Phase::Running;
    saved = container.save();
  }
  container.unlock();
  if (state.phase != Phase::Running) return saved;
  TRY(end_process(context, container, seconds));
  TRY(conclude(context, container, "stop", std::move(saved)));
  note_event(context, record, "stop");
  return {};
}

}  // namespace

Status stop(const Context& context, Container& container, std::optional<std::uint32_t> seconds) {
  return stop(context, container, seconds, Then::Nothing);
}

Status restart(const Context& context, Container& container, std::optional<std::uint32_t> seconds) {
  TRY(stop(context, container, seconds, Then::Start));
  TRY(container.lock());
  TRY(start(context, container));
  container.unlock();
  return {};
}

Status kill(const Context& context, Container& container, const std::string& signal) {
  TRY(settle_start(context, container));
  auto phase = TRY(phase_now(container));
  const auto& record = container.record;
  if (phase != Phase::Running && phase != Phase::Paused)
    return base::state_error("container ", record.name, " is not running");
  bool final = signal == "KILL" || signal == "SIGKILL" || signal == "9";
  Status saved;
  if (final) {
    TRY(container.lock());
    container.record.state.stop_wanted = true;
    container.record.state.restart_wanted = false;
    saved = container.save();
    container.unlock();
  }
  (void)TRY(call_runtime(context, container, {"kill", record.id, signal}));
  note_event(context, record, "kill", {{"signal", signal}});
  if (!final) return {};
  auto init = TRY(open_process(record.state.init, record.state.boot));
  if (init) (void)TRY(wait_process(*init, kKilledWait));
  return conclude(context, container, "kill", std::move(saved));
}

namespace {

Status freeze(const Context& context, Container& container, Phase from, Phase to,
              const char* command, const char* event) {
  TRY(container.lock());
  auto& state = container.record.state;
  auto phase = TRY(phase_now(container));
  if (phase != from)
    return base::state_error("container ", container.record.name, " is ", word(phase), ", not ",
                             word(from));
  (void)TRY(call_runtime(context, container, {command, container.record.id}));
  state.phase = to;
  TRY(container.save());
  container.unlock();
  note_event(context, container.record, event);
  return {};
}

}  // namespace

Status pause(const Context& context, Container& container) {
  return freeze(context, container, Phase::Running, Phase::Paused, "pause", "pause");
}

Status unpause(const Context& context, Container& container) {
  return freeze(context, container, Phase::Paused, Phase::Running, "resume", "unpause");
}

Status remove(const Context& context, Container& container, const RemoveOptions& options) {
  auto settled = settle(context, container);
  if (!settled && settled.error().kind() == Kind::NotFound) return {};  // by its own --rm
  if (!settled && !options.force) return settled;  // what its end leaves cannot be noted
  auto phase = TRY(phase_now(container));
  if (runs(phase) && !options.force)
    return base::state_error("container ", container.record.name, " is ", word(phase),
                             ": stop it first, or say --force");
  if (runs(phase) && phase != Phase::Restarting) TRY(stop(context, container, 0));
  auto locked = container.lock();
  if (!locked && locked.error().kind() == Kind::NotFound) return {};  // by its own --rm
  TRY(std::move(locked));
  undo_unfinished(context, container);  // what a killed `start` may have left
  return forget(context, container, options.volumes || container.record.remove);
}

Result<int> wait_for_end(const Context& context, Container& container) {
  auto journal = TRY(Journal::open(context, Journal::From::Now));
  // Between its lookup and the opening of the journal it may have ended.
  auto fresh = TRY(Containers(context).open(container.record.id));
  TRY(settle(context, fresh));
  const auto& state = fresh.record.state;
  if (!runs(state.phase)) return state.exit_code;
  for (;;) {
    for (const auto& event : TRY(journal.next()))
      if (auto code = exit_code_of(event, fresh.record)) return *code;
    auto monitor = TRY(open_process(state.monitor, state.boot));
    auto init = TRY(open_process(state.init, state.boot));
    if (!monitor && !init) {
      TRY(settle(context, fresh));
      if (!runs(state.phase)) return state.exit_code;
    }
    std::vector<sys::PollItem> items{{.fd = journal.readable(), .events = POLLIN}};
    // A container without its monitor is over with its process.
    if (monitor) items.push_back({.fd = *monitor, .events = POLLIN});
    if (!monitor && init) items.push_back({.fd = *init, .events = POLLIN});
    auto ready = sys::poll(items, kLookAgain);
    if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
  }
}

}  // namespace engine
