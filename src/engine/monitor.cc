#include "engine/monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/json.h"
#include "base/text.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"
#include "fs/files.h"
#include "fs/proc.h"
#include "programs/run.h"
#include "sys/file.h"
#include "sys/process.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;

constexpr int kSyncNumber = 3;  // behind the standard descriptors
constexpr int kFirstHeldNumber = 4;

Words log_options(const Container& container) {
  const auto& record = container.record;
  if (record.log_driver == "none") return {"--log-path", "null:"};
  Words out{"--log-path", "k8s-file:" + container.log()};
  if (record.log_size > 0) {
    out.emplace_back("--log-size-max");
    out.push_back(base::cat(record.log_size));
  }
  // What goes away at the end need not reach the disk.
  if (record.remove) out.emplace_back("--no-sync-log");
  return out;
}

// What the monitor becomes when the container has ended.
Words finish_command(const Context& context, const Container& container) {
  Words words{"--data",  context.places.data,  "--run",     context.places.run,
              "--store", context.places.store, "--runtime", context.runtime};
  if (!context.cni_path.empty()) {
    words.emplace_back("--cni-path");
    words.push_back(base::join(context.cni_path, ":"));
  }
  words.insert(words.end(), {"finish", container.record.id, base::cat(container.record.state.run)});
  Words out{"--exit-command", context.self};
  for (auto& word : words) {
    out.emplace_back("--exit-command-arg");
    out.push_back(std::move(word));
  }
  return out;
}

Words arguments(const Context& context, const Container& container) {
  const auto& record = container.record;
  const auto& run = container.run_path();
  Words out{"--api-version",
            "1",
            "--cid",
            record.id,
            "--cuuid",
            record.id,
            "--name",
            record.name,
            "--runtime",
            context.runtime,
            "--bundle",
            container.bundle(),
            "--persist-dir",
            run,
            "--full-attach",
            "--container-pidfile",
            run + "/pidfile",
            "--conmon-pidfile",
            run + "/monitor.pid",
            "--log-level",
            "error"};
  if (record.tty) out.emplace_back("--terminal");
  if (record.open_stdin) out.emplace_back("--stdin");
  // Who leaves a terminal may come back; else the end of our input is the end of the container's.
  if (record.open_stdin && record.tty) out.emplace_back("--leave-stdin-open");
  for (const auto& word : runtime_options(context, runtime_log(container))) {
    out.emplace_back("--runtime-arg");
    out.push_back(word);
  }
  if (record.systemd_cgroup) out.insert(out.end(), {"--runtime-arg", "--systemd-cgroup"});
  for (auto&& more : {log_options(container), finish_command(context, container)})
    out.insert(out.end(), more.begin(), more.end());
  return out;
}

// What it says when the container is created: {"data":PID}, or {"data":-1,"message":…}.
Result<pid_t> created(const std::string& said, const Container& container) {
  auto json = base::parse_json(base::trim(said));
  if (!json) return base::system_error("conmon ended without a word");
  base::Place place(json.value());
  auto data = TRY(place.at("data"), "conmon");
  auto pid = TRY(data.int64(), "conmon");
  if (pid > 0) return static_cast<pid_t>(pid);
  auto message = place.string_or("message", "");
  return runtime_error(runtime_log(container), message ? message.value() : std::string());
}

Result<ProcessId> process_of_file(const std::string& path) {
  auto text = TRY(fs::read_file(FdRef::cwd(), path));
  auto pid = base::parse<pid_t>(base::trim(text));
  if (!pid) return base::system_error(path, " holds no number");
  return identify(*pid);
}

}  // namespace

Result<Monitored> start_monitor(const Context& context, const Container& container,
                                const std::vector<Fd>& held) {
  (void)sys::unlinkat(container.folder(), "bundle/attach");  // of an earlier start
  programs::Command command{.args = arguments(context, container),
                            .environment = context.variables,
                            // conmon leaves a file "oom" where it works.
                            .folder = container.run_path()};
  command.path = TRY(programs::find(context.environment.search_path, "conmon"),
                     "conmon, Debian's package of that name, stays with containers");
  command.environment.push_back(base::cat("_OCI_SYNCPIPE=", kSyncNumber));
  context.tell(base::cat(command.path, " ", base::join(command.args, " ")));

  auto sync = TRY(sys::pipe());
  programs::Descriptors descriptors{{sync.write_end, kSyncNumber}};
  int number = kFirstHeldNumber;
  for (const auto& fd : held) descriptors.emplace_back(fd, number++);
  if (context.debug) descriptors.emplace_back(FdRef::inherited(2), 2);
  auto started = TRY(programs::start(command, descriptors), "conmon");
  sync.write_end.close();
  // It forks, and this one ends.
  (void)TRY(sys::wait_child(started.pidfd), "conmon");
  // The other end stays open as long as the monitor: one line is all.
  std::string said;
  for (char letter = 0; letter != '\n';) {
    auto got = TRY(sys::read(sync.read_end, std::span(&letter, 1)), "conmon");
    if (got == 0) break;
    said += letter;
  }
  Monitored out;
  auto init = TRY(created(said, container));
  out.init = TRY(identify(init));
  out.monitor = TRY(process_of_file(container.run_path() + "/monitor.pid"));
  return out;
}

void kill_monitor(const Context& context, const Container& container) {
  auto monitor = process_of_file(container.run_path() + "/monitor.pid");
  if (!monitor) return;
  auto proc = fs::Proc::open();
  if (!proc) return;
  // The pid may be another's by now.
  auto words = proc.value().read(base::cat(monitor.value().pid, "/cmdline"));
  if (!words || words.value().find(container.record.id) == std::string::npos) return;
  context.tell(base::cat("kill the monitor ", monitor.value().pid));
  // With the runtime that it may be running: it leads a session.
  (void)sys::kill(static_cast<pid_t>(-monitor.value().pid), SIGKILL);
}

std::optional<Exit> exit_of(const Container& container) {
  const auto& run = container.run_path();
  auto text = fs::read_file(FdRef::cwd(), run + "/exit");
  if (!text) return std::nullopt;
  auto code = base::parse<int>(base::trim(text.value()));
  if (!code) return std::nullopt;
  Exit out{.code = *code};
  out.out_of_memory = static_cast<bool>(sys::fstatat(FdRef::cwd(), run + "/oom", 0));
  return out;
}

base::Status await_exit(const Container& container, FdRef monitor, int milliseconds) {
  auto notify = TRY(sys::inotify());
  auto watched = sys::watch(notify, container.run_path(), IN_MOVED_TO | IN_DELETE_SELF);
  // It is finished already: its folder is gone.
  if (!watched) return {};
  while (!exit_of(container)) {
    sys::PollItem items[]{{.fd = notify, .events = POLLIN}, {.fd = monitor, .events = POLLIN}};
    auto ready = sys::poll(items, milliseconds);
    if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
    if (ready && (ready.value() == 0 || items[1].revents)) return {};
    char buffer[4096];
    auto told = sys::read(notify, buffer);
    if (!told && told.error().code() != EAGAIN) return std::move(told).error();
    if (!sys::fstatat(FdRef::cwd(), container.run_path(), 0)) return {};
  }
  return {};
}

}  // namespace engine
