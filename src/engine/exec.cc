// A further process in a container, by the runtime's exec.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <cerrno>

#include "base/json.h"
#include "base/text.h"
#include "engine/bundle_config.h"
#include "engine/commands.h"
#include "engine/container_root.h"
#include "engine/journal.h"
#include "engine/look_commands.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"
#include "engine/variables.h"
#include "fs/files.h"
#include "image/users.h"
#include "spec/write.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::FdRef;
using base::Kind;
using base::Result;
using Status = base::Status;

constexpr int kNeverRan = 255;  // what the runtime's exec ends with then
constexpr int kFailed = 1;      // compat: docker exec

Status take_user(const Container& container, const std::string& user, spec::Process& process) {
  auto root = TRY(root_of_running(container));
  auto accounts = TRY(image::read_accounts(root));
  auto found = TRY(image::resolve_user(user, accounts), "--user");
  process.user = spec::User{.uid = found.uid, .gid = found.gid, .umask = process.user.umask};
  process.user.additional_gids = found.additional_gids;
  set_variable(process.env, "HOME=" + found.home);
  // Another user than root gets capabilities where a program has them, and not by itself.
  if (process.capabilities) {
    auto& sets = *process.capabilities;
    sets.ambient.clear();
    sets.inheritable.clear();
    sets.effective = sets.permitted = found.uid == 0 ? sets.bounding : Words();
  }
  return {};
}

Status take_all_capabilities(const Context& context, const Container& container,
                             spec::Process& process) {
  auto text = TRY(call_runtime(context, container, {"features"}));
  auto features = TRY(base::parse_json(text), "runtime features");
  auto section = TRY(base::Place(features).at("linux"), "runtime features");
  auto all = TRY(section.opt_strings("capabilities"), "runtime features");
  process.capabilities = spec::Capabilities{.bounding = all, .effective = all, .permitted = all};
  process.no_new_privileges = false;
  process.apparmor_profile.clear();
  return {};
}

// That of the container's own, with what the options say.
Result<spec::Process> make_process(const Context& context, const Container& container,
                                   const ExecCommand& command) {
  auto config = TRY(read_bundle_config(container));
  auto process = config.process.value_or(spec::Process());
  process.args = command.command;
  process.terminal = command.tty;
  process.console_size.reset();
  if (command.tty) {
    for (const auto& fd : {FdRef::inherited(0), FdRef::inherited(1)}) {
      auto size = sys::window_size(fd);
      if (!size) continue;
      process.console_size =
          spec::ConsoleSize{.height = size.value().rows, .width = size.value().columns};
      break;
    }
    set_variable(process.env, "TERM=xterm");
  }
  if (!command.workdir.empty()) {
    if (!command.workdir.starts_with('/'))
      return base::usage_error("--workdir ", base::quote(command.workdir), ": must be absolute");
    process.cwd = command.workdir;
  }
  if (command.privileged) TRY(take_all_capabilities(context, container, process));
  if (!command.user.empty()) TRY(take_user(container, command.user, process));
  auto variables =
      TRY(read_variables(command.env, command.env_files, context.environment.variables));
  for (const auto& entry : variables) set_variable(process.env, entry);
  return process;
}

// The files of one exec, removed after it: several may be under way.
class Files {
 public:
  explicit Files(const Container& container)
      : base_(base::cat(container.run_path(), "/exec-", sys::getpid())) {}
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    for (const auto& path : {process(), log()}) (void)sys::unlinkat(FdRef::cwd(), path);
  }
  std::string process() const { return base_ + ".json"; }
  std::string log() const { return base_ + ".log"; }
  Status write_process(const spec::Process& wanted) const {
    (void)sys::unlinkat(FdRef::cwd(), process());
    auto file =
        TRY(sys::openat(FdRef::cwd(), process(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    return fs::write_all(file, base::dump(spec::write_process(wanted)));
  }

 private:
  std::string base_;
};

// What is sent to us alone is for the program; what a terminal sends, the runtime gets as well.
sigset_t signals_of_ours() {
  sigset_t out;
  ::sigemptyset(&out);
  for (int signal : {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2}) ::sigaddset(&out, signal);
  return out;
}

Result<int> wait_for(FdRef child, FdRef signals) {
  for (;;) {
    sys::PollItem items[]{{.fd = child, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    auto ready = sys::poll(items, -1);
    if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
    if (items[1].revents) {
      int signal = TRY(sys::read_signal(signals));
      if (signal == SIGTERM || signal == SIGUSR1 || signal == SIGUSR2)
        (void)sys::pidfd_send_signal(child, signal);
    }
    if (!items[0].revents) continue;
    auto ended = TRY(sys::wait_child(child));
    return ended.exit_code;
  }
}

Result<int> run_it(const Context& context, const Container& container, const ExecCommand& command,
                   const Files& files) {
  Words words{"exec", "--process", files.process()};
  if (command.detach) words.emplace_back("--detach");
  words.push_back(container.record.id);
  auto call = runtime_command(context, files.log(), words);
  programs::Descriptors descriptors;
  // What is left alone holds no stream of ours.
  if (command.interactive && !command.detach) descriptors.emplace_back(FdRef::inherited(0), 0);
  if (!command.detach) {
    descriptors.emplace_back(FdRef::inherited(1), 1);
    descriptors.emplace_back(FdRef::inherited(2), 2);
  }
  auto set = signals_of_ours();
  (void)TRY(sys::block_signals(set));
  auto signals = TRY(sys::signalfd(set));
  auto child = TRY(programs::start(call, descriptors), "exec");
  return wait_for(child.pidfd, signals);
}

// The runtime has said on standard error (of the foreground) why the process never ran; the exit
// code tells the kind.
int code_of(const Files& files, int code) {
  auto log = fs::read_file(FdRef::cwd(), files.log());
  if (code != kNeverRan || !log || log.value().empty()) return code;
  auto kind = runtime_error(files.log(), "").kind();
  if (kind == Kind::NoProgram) return 127;
  if (kind == Kind::NotExecutable) return 126;
  return kFailed;
}

}  // namespace

Result<int> execute(const Context& context, const ExecCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  auto phase = TRY(phase_now(container));
  if (phase == Phase::Paused)
    return base::state_error("container ", container.record.name,
                             " is paused: unpause it before exec");
  if (phase != Phase::Running)
    return base::state_error("container ", container.record.name, " is not running");
  if (command.detach && command.tty)
    return base::usage_error(
        "exec: --detach and --tty exclude each other: nobody would hold the terminal");
  auto process = TRY(make_process(context, container, command), "exec");
  Files files(container);
  TRY(files.write_process(process), "exec");
  note_event(context, container.record, "exec_start",
             {{"execCommand", base::join(command.command, " ")}});
  auto ended = TRY(run_it(context, container, command, files));
  if (command.detach && ended != 0) return runtime_error(files.log(), "");
  auto code = code_of(files, ended);
  if (!command.detach)
    note_event(context, container.record, "exec_die", {{"exitCode", base::cat(code)}});
  return code;
}

}  // namespace engine
