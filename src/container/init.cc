#include "container/init.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "apply/hooks.h"
#include "apply/identity.h"
#include "apply/process.h"
#include "container/channel.h"
#include "container/program.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/link.h"
#include "sys/process.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// The new namespaces get what the kernel does not give them.
Status furnish_namespaces(const InitContext& context) {
  const auto& plan = context.plan;
  if (plan.namespaces.has(CLONE_NEWUSER)) {
    TRY(sys::setresgid(0), "become the user namespace's root");
    TRY(sys::setresuid(0), "become the user namespace's root");
  }
  TRY(sys::setsid());
  if (plan.namespaces.create_cgroup) TRY(sys::unshare(CLONE_NEWCGROUP), "cgroup namespace");
  if (plan.loopback_up) TRY(sys::bring_up("lo"), "network namespace");
  if (!plan.hostname.empty()) TRY(sys::sethostname(plan.hostname), "hostname");
  if (!plan.domainname.empty()) TRY(sys::setdomainname(plan.domainname), "domainname");
  return {};
}

Status write_sysctls(const InitContext& context) {
  // Through the host's procfs, which nobody in the container has touched; which namespace a value
  // belongs to is decided by who writes it.
  for (const auto& sysctl : context.plan.sysctls)
    TRY(context.proc.write(base::cat("sys/", sysctl.file), sysctl.value), sysctl.what);
  return {};
}

Status run_runtime_hooks(const InitContext& context) {
  if (!context.plan.hooks.before_pivot()) return {};
  TRY(send_message(context.channel, Word::Hooks));
  TRY(expect(context.channel, Word::Go, "the runtime"));
  return {};
}

// compat: runc and crun make a working directory that is missing; what cannot be made is told by
// chdir.
Status make_cwd(const InitContext& context) {
  if (!context.plan.process) return {};
  auto root = TRY(sys::openat(FdRef::cwd(), "/", O_PATH | O_DIRECTORY));
  (void)fs::make_dirs_in(root, context.plan.process->cwd, 0755);
  return {};
}

// Until `start` says so. A container whose runtime has gone waits on: that is what `created` means.
Status await_start(const InitContext& context) {
  for (;;) {
    std::array<sys::PollItem, 1> items{{{context.exec_fifo, POLLIN, 0}}};
    auto n = sys::poll(items, -1);
    if (!n && n.error().code() == EINTR) continue;
    TRY(std::move(n));
    std::array<char, 1> byte;
    if (TRY(sys::read(context.exec_fifo, byte)) == 1) return {};
  }
}

// All of create.
Result<Program> prepare(const InitContext& context, Orders& orders) {
  const auto& plan = context.plan;
  TRY(base::Status(context.entered));
  orders = TRY(await_go(context.channel, context.agent.has_value()));
  TRY(furnish_namespaces(context));
  TRY(apply::build_rootfs(plan.rootfs, context.rootfs));
  TRY(run_runtime_hooks(context));
  TRY(apply::run_hooks(plan.hooks.create_container, orders.text));
  TRY(apply::enter_rootfs(plan.rootfs, context.rootfs));
  // From here on no path of the host exists.
  TRY(write_sysctls(context));
  TRY(make_cwd(context));
  if (plan.process) TRY(set_up_streams(*plan.process, context.console, Console::Bound));
  TRY(apply::finish_rootfs(plan.rootfs, context.rootfs));
  if (!plan.process) return Program();
  std::vector<FdRef> kept{context.channel, context.exec_fifo, context.exec_reply};
  if (context.agent) kept.push_back(*context.agent);
  return settle(*plan.process, context.proc, kept);
}

// All of start.
base::Error start(const InitContext& context, const Program& program, const Orders& orders) {
  const auto& plan = context.plan;
  if (!plan.process)
    return base::config_error("process: is required to start a container, and is missing");
  auto hooked = apply::run_hooks(plan.hooks.start_container, orders.text);
  if (!hooked) return std::move(hooked).error();
  return execute(*plan.process, plan.seccomp, program, context.agent, orders.agent_text);
}

}  // namespace

void run_init(const InitContext& context) {
  Orders orders;
  auto program = prepare(context, orders);
  if (!program) {
    send_failure(context.channel, program.error());
    sys::exit_now(1);
  }
  if (!send_message(context.channel, Word::Ready)) sys::exit_now(1);
  if (!await_start(context)) sys::exit_now(1);
  send_failure(context.exec_reply, start(context, program.value(), orders));
  sys::exit_now(1);
}

}  // namespace container
