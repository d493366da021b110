// run, create, start, attach: what a person looks on at.
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "engine/attach.h"
#include "engine/commands.h"
#include "engine/container_commands.h"
#include "engine/journal.h"
#include "engine/life.h"
#include "engine/make.h"
#include "engine/phase.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::Result;
using base::Status;

// From before the start to after the end.
class Looking {
 public:
  Looking(const Context& context, Container& container)
      : context_(context), container_(container) {}

  Status begin(const AttachOptions& options) {
    options_ = options;
    auto journal = TRY(Journal::open(context_, Journal::From::Now));
    journal_.emplace(std::move(journal));
    return {};
  }
  Status attach() {
    auto attached = TRY(Attached::make(context_, container_, options_));
    attached_.emplace(std::move(attached));
    return {};
  }
  // The container's exit code; 0 for who detaches.
  Result<int> to_the_end() {
    auto end = TRY(attached_->relay());
    if (end == Attached::End::Detached) return 0;
    return exit_code();
  }

 private:
  std::optional<int> heard() {
    auto events = journal_->next();
    if (!events) return std::nullopt;
    for (const auto& event : events.value())
      if (auto code = exit_code_of(event, container_.record)) return code;
    return std::nullopt;
  }

  // False when its monitor ends first.
  Result<bool> wait_for_news(const std::optional<base::Fd>& monitor) {
    std::vector<sys::PollItem> items{{.fd = journal_->readable(), .events = POLLIN}};
    if (monitor) items.push_back({.fd = *monitor, .events = POLLIN});
    auto ready = sys::poll(items, -1);
    if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
    return !monitor || items.back().revents == 0;
  }

  Result<int> exit_code() {
    const auto& state = container_.record.state;
    auto monitor = TRY(open_process(state.monitor, state.boot));
    auto code = heard();
    while (!code && monitor) {
      bool lives = TRY(wait_for_news(monitor));
      if (!lives) monitor.reset();
      code = heard();
    }
    if (!code) return without_monitor();
    // Without a restart policy the monitor ends when all is put away.
    bool stays = container_.record.restart.policy != RestartPolicy::No;
    for (bool lives = monitor && !stays; lives;) {
      (void)heard();
      lives = TRY(wait_for_news(monitor));
    }
    return *code;
  }

  // Nobody has said how it ended.
  Result<int> without_monitor() {
    const auto& state = container_.record.state;
    auto init = TRY(open_process(state.init, state.boot));
    if (init)
      return base::state_error("the monitor of container ", container_.record.name,
                               " is gone, and what it printed with it; the container still runs");
    auto done = settle(context_, container_);
    if (!done && done.error().kind() != base::Kind::NotFound) return std::move(done).error();
    return container_.record.state.exit_code;
  }

  const Context& context_;
  Container& container_;
  AttachOptions options_{};
  std::optional<Journal> journal_{};
  std::optional<Attached> attached_{};
};

AttachOptions attach_options(const StreamsWish& streams, bool input) {
  return {.input = input, .pass_signals = streams.pass_signals, .detach_keys = streams.detach_keys};
}

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Result<int> start_and_look(const Context& context, Container& container,
                           const AttachOptions& options) {
  Looking looking(context, container);
  TRY(looking.begin(options));
  TRY(container.lock());
  TRY(start(context, container, [&] { return looking.attach(); }));
  container.unlock();
  return looking.to_the_end();
}

// compat: docker: who wants to type on a terminal must have one
Status check_terminal(bool wanted) {
  if (!wanted || sys::isatty(base::FdRef::inherited(0))) return {};
  return base::usage_error(
      "our standard input is not a terminal that could be the container's: leave -t out");
}

Status start_one(const Context& context, Container& container) {
  TRY(settle(context, container));
  TRY(container.lock());
  TRY(start(context, container));
  container.unlock();
  return {};
}

Result<int> start_after_boot(const Context& context) {
  int code = 0;
  for (auto& container : TRY(Containers(context).list())) {
    auto finished = settle(context, container);
    const auto& record = container.record;
    bool wanted =
        record.restart.policy == RestartPolicy::Always ||
        (record.restart.policy == RestartPolicy::UnlessStopped && !record.state.stop_wanted);
    if (!wanted || record.state.phase == Phase::Running) continue;
    auto done = start_one(context, container);
    if (done) continue;
    complain(base::cat(record.name, ": ", done.error().text()));
    code = 1;
  }
  return code;
}

}  // namespace

Result<int> execute(const Context& context, const RunCommand& command) {
  TRY(check_terminal(command.make.tty && command.make.interactive && !command.detach));
  auto container = TRY(make_container(context, command.make));
  auto remove_it = [&](base::Error error) {
    // compat: docker: what could not be started is removed only where that was asked for
    if (container.record.remove) {
      container.unlock();
      auto gone = remove(context, container, {.force = true, .volumes = true});
      if (!gone) context.tell(gone.error().text());
    }
    return error;
  };
  if (command.detach) {
    TRY(container.lock());
    auto started = start(context, container);
    if (!started) return remove_it(std::move(started).error());
    container.unlock();
    TRY(print(container.record.id + "\n"));
    return 0;
  }
  auto options = attach_options(command.streams, command.make.interactive);
  if (!command.attach.empty()) {
    options.input = options.input && has(command.attach, "stdin");
    options.output = has(command.attach, "stdout");
    options.errors = has(command.attach, "stderr");
  }
  auto code = start_and_look(context, container, options);
  if (!code) return remove_it(std::move(code).error());
  return code;
}

Result<int> execute(const Context& context, const CreateCommand& command) {
  auto container = TRY(make_container(context, command.make));
  TRY(print(container.record.id + "\n"));
  return 0;
}

Result<int> execute(const Context& context, const StartCommand& command) {
  if (command.after_boot) return start_after_boot(context);
  if (command.containers.empty()) return base::usage_error("start: a container must be named");
  bool looks = command.attach || command.interactive;
  if (looks && command.containers.size() > 1)
    return base::usage_error("start: only one container can be attached to");
  if (!looks)
    return each_container(context, command.containers,
                          [&](Container& container) -> Result<std::string> {
                            TRY(settle(context, container));
                            bool runs = container.record.state.phase == Phase::Running;
                            auto now = TRY(phase_now(container));
                            // compat: docker: what runs already is as wished
                            if (!runs || now != Phase::Running) TRY(start_one(context, container));
                            return container.record.name + "\n";
                          });
  auto container = TRY(Containers(context).find(command.containers.front()));
  TRY(check_terminal(container.record.tty && command.interactive));
  TRY(settle(context, container));
  return start_and_look(context, container, attach_options(command.streams, command.interactive));
}

Result<int> execute(const Context& context, const AttachCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  auto phase = TRY(phase_now(container));
  if (phase != Phase::Running)
    return base::state_error("container ", container.record.name, " is ", word(phase),
                             ": only one that runs can be attached to");
  Looking looking(context, container);
  TRY(looking.begin(
      attach_options(command.streams, !command.no_stdin && container.record.open_stdin)));
  TRY(looking.attach());
  return looking.to_the_end();
}

}  // namespace engine
