#include "container/program.h"

#include <fcntl.h>

#include "apply/labels.h"
#include "apply/process.h"
#include "apply/rootfs.h"
#include "apply/seccomp.h"
#include "apply/terminal.h"
#include "container/channel.h"
#include "sys/close.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::Status;

Status load(const plan::SeccompPlan& filter, std::optional<base::FdRef> agent,
            const std::string& agent_text) {
  if (filter.notify) return apply::load_filter_and_send(filter, *agent, agent_text);
  TRY(apply::load_filter(filter));
  return {};
}

}  // namespace

base::Result<Orders> await_go(base::FdRef channel, bool has_agent) {
  constexpr std::string_view kRuntime = "the runtime";
  Orders out;
  if (has_agent) out.agent_text = TRY(expect(channel, Word::Agent, kRuntime)).text;
  out.text = TRY(expect(channel, Word::Go, kRuntime)).text;
  return out;
}

Status set_up_streams(const plan::Process& plan, std::optional<base::FdRef> console, Console kind) {
  if (!plan.terminal) return apply::own_standard_descriptors(plan);
  auto root = TRY(sys::openat(base::FdRef::cwd(), "/", O_PATH | O_DIRECTORY));
  auto terminal = TRY(apply::open_terminal(root, plan));
  if (kind == Console::Bound) TRY(apply::bind_console(root, terminal.slave), "process.terminal");
  TRY(apply::use_terminal(terminal.slave, plan));
  return send_console(*console, terminal.master);
}

base::Result<Program> settle(const plan::Process& plan, const fs::Proc& proc,
                             const std::vector<base::FdRef>& kept) {
  if (!plan.keyring.empty()) TRY(apply::join_keyring(plan, proc));
  if (plan.personality) TRY(sys::personality(*plan.personality), "linux.personality");
  if (plan.memory_policy)
    TRY(sys::set_mempolicy(plan.memory_policy->mode, plan.memory_policy->nodes),
        "linux.memoryPolicy");
  TRY(apply::label_next_exec(plan, proc));
  TRY(close_all_but(kept, plan.preserve_fds));
  (void)sys::umask(plan.umask);
  // Both before and after the change of user: a directory may be closed to root (NFS) or to the
  // user.
  auto entered = apply::enter_cwd(plan);
  TRY(apply::become_user(plan));
  if (!entered) TRY(apply::enter_cwd(plan));
  Program out;
  out.path = TRY(apply::find_executable(plan));
  out.args = plan.args;
  out.env = apply::environment(plan);
  return out;
}

Status close_all_but(const std::vector<base::FdRef>& kept, int preserve_fds) {
  std::vector<int> numbers;
  numbers.reserve(kept.size());
  for (const auto& fd : kept) numbers.push_back(fd.raw());
  return sys::close_from(static_cast<unsigned>(3 + preserve_fds), std::move(numbers));
}

base::Error execute(const plan::Process& plan, const std::optional<plan::SeccompPlan>& filter,
                    const Program& program, std::optional<base::FdRef> agent,
                    const std::string& agent_text) {
  auto prepared = [&]() -> Status {
    // What settle() has left open.
    TRY(sys::close_on_exec_from(static_cast<unsigned>(3 + plan.preserve_fds)));
    sys::reset_signals();
    TRY(apply::set_limits(plan));
    if (plan.no_new_privileges) TRY(sys::set_no_new_privileges(), "process.noNewPrivileges");
    // Without no_new_privs loading needs CAP_SYS_ADMIN, which goes with the capabilities.
    if (filter && filter->early) TRY(load(*filter, agent, agent_text), "linux.seccomp");
    TRY(apply::set_capabilities(plan));
    // From here on: nothing but execve, for the filter may forbid anything else.
    if (filter && !filter->early) TRY(load(*filter, agent, agent_text), "linux.seccomp");
    return {};
  }();
  if (!prepared) return std::move(prepared).error();
  auto error = apply::explained(sys::execve(program.path, program.args, program.env), plan)
                   .in(base::cat("exec: ", base::quote(plan.args.front())));
  // The program was there: what is missing is its interpreter.
  auto kind = error.code() == ENOENT ? base::Kind::NoProgram : base::Kind::NotExecutable;
  return std::move(error).as(kind);
}

Status send_console(base::FdRef console, base::FdRef master) {
  TRY(sys::send(console, "/dev/ptmx", master), "console socket");
  return {};
}

}  // namespace container
