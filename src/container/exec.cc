#include "container/exec.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>

#include <cerrno>

#include "apply/cgroup.h"
#include "apply/probe.h"
#include "apply/process.h"
#include "apply/resctrl.h"
#include "container/channel.h"
#include "container/exec_process.h"
#include "container/group.h"
#include "container/program.h"
#include "container/record.h"
#include "container/relay.h"
#include "container/spawn.h"
#include "container/states.h"
#include "container/subgroups.h"
#include "plan/make.h"
#include "spec/read.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/mount.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::opt_ref;
using base::Result;
using base::Status;

Status check_executable(spec::Status status, const ExecOptions& options) {
  if (status == spec::Status::Stopped)
    return base::state_error("container ", options.id, ": cannot exec in a stopped container");
  if (status == spec::Status::Creating)
    return base::state_error("container ", options.id,
                             ": cannot exec in a container that is being created");
  if (status == spec::Status::Paused && !options.ignore_paused)
    return base::state_error(
        "container ", options.id,
        ": cannot exec in a paused container (use --ignore-paused to override)");
  return {};
}

// All that is open before the clone.
struct Openings {
  std::vector<Joined> namespaces{};
  Fd root{};  // of the container, where it has no mount namespace to lead there
  sys::SocketPair channel{};
  Fd console{};
  Fd our_console{};
  Fd agent{};
  Fd pidfd_socket{};
};

Result<Openings> open_all(const ExecOptions& options, const plan::ExecPlan& plan,
                          const plan::Namespaces& namespaces, const Saved& saved, FdRef init,
                          const fs::Proc& proc) {
  Openings out;
  std::uint64_t flags = namespaces.create;
  if (namespaces.create_cgroup) flags |= CLONE_NEWCGROUP;
  if (namespaces.create_time) flags |= CLONE_NEWTIME;
  for (const auto& join : namespaces.join) flags |= join.flag;
  if (flags) {
    // man: setns(2): a pidfd joins them all at once, in the order that their owners demand.
    // Linux 5.8
    Joined joined;
    joined.file = TRY(sys::duplicate(init));
    joined.flag = flags;
    joined.what = "join the namespaces of init";
    out.namespaces.push_back(std::move(joined));
  }
  if (!(flags & CLONE_NEWNS))
    out.root = TRY(sys::openat(proc.fd(), base::cat(saved.pid, "/root"), O_PATH | O_DIRECTORY));
  out.channel = TRY(sys::socketpair(SOCK_STREAM));
  out.pidfd_socket = TRY(connect_pidfd_socket(options.pidfd_socket));
  if (plan.process.terminal && !options.console_socket.empty()) {
    out.console = TRY(sys::connect_unix(options.console_socket), "--console-socket");
  } else if (plan.process.terminal && options.detach) {
    return base::usage_error("process.terminal: a detached process needs --console-socket");
  } else if (plan.process.terminal) {
    auto pair = TRY(sys::socketpair(SOCK_STREAM));
    out.our_console = std::move(pair.first);
    out.console = std::move(pair.second);
  }
  if (plan.seccomp && plan.seccomp->notify)
    out.agent = TRY(sys::connect_unix(plan.seccomp->listener_path), "linux.seccomp.listenerPath");
  return out;
}

Status become_member(const Openings& open, bool user_namespace) {
  if (user_namespace) {
    TRY(sys::setresgid(0), "become the user namespace's root");
    TRY(sys::setresuid(0), "become the user namespace's root");
  }
  TRY(sys::setsid());
  if (!open.root) return {};
  TRY(sys::fchdir(open.root));
  TRY(sys::chroot("."));
  return {};
}

// Who may look into processes of the container (CAP_SYS_PTRACE) must find nothing of the host in
// the new one. cve: 2016-9962
Status hide_host(const Openings& open, const plan::ExecPlan& plan, FdRef stage,
                 const fs::Proc& proc, std::optional<fs::Proc>& inside) {
  if (auto own = fs::Proc::detached()) inside = std::move(own).value();
  std::vector<FdRef> kept{stage, open.channel.second, inside ? inside->fd() : proc.fd()};
  for (const auto* fd : {&open.console, &open.agent, &open.root})
    if (*fd) kept.emplace_back(*fd);
  return close_all_but(kept, plan.process.preserve_fds);
}

// From the first instruction of the new process to execve; returns only the error.
base::Error run_process(const Openings& open, const plan::ExecPlan& plan, bool user_namespace,
                        const fs::Proc& proc) {
  FdRef channel = open.channel.second;
  auto agent = opt_ref(open.agent);
  Orders orders;
  auto settled = [&]() -> Result<Program> {
    orders = TRY(await_go(channel, agent.has_value()));
    TRY(become_member(open, user_namespace));
    TRY(set_up_streams(plan.process, opt_ref(open.console), Console::Unbound));
    std::vector<FdRef> kept{channel};
    if (agent) kept.push_back(*agent);
    auto program = TRY(settle(plan.process, proc, kept));
    TRY(send_message(channel, Word::Ready));
    TRY(expect(channel, Word::Go, "the runtime"));
    return program;
  }();
  if (!settled) return std::move(settled).error();
  return execute(plan.process, plan.seccomp, settled.value(), agent, orders.agent_text);
}

// Where the process goes: the groups inside the container's that were asked for, or where init is.
Result<apply::CgroupPaths> cgroup_of(const ExecOptions& options, const Saved& saved,
                                     const plan::Host& host) {
  if (!options.cgroups.empty()) return subgroups(saved.cgroup, options.cgroups);
  auto present = TRY(apply::paths_of(static_cast<pid_t>(saved.pid), host.cgroup));
  return apply::joinable(saved.cgroup, present);
}

Result<Child> spawn_in(const apply::CgroupPaths& cgroup, const Saved& saved, const plan::Host& host,
                       SpawnRequest request, const fs::Proc& proc, const Body& body) {
  bool attached = attached_by_systemd(saved, host);
  auto unified = TRY(apply::open_unified(cgroup), "join the cgroup");
  if (unified && !attached) request.cgroup = FdRef(unified);
  request.enter = [&]() -> Status {
    TRY(apply::enter_v1(cgroup), "join the cgroup");
    return {};
  };
  auto child = TRY(spawn(request, proc, body));
  if (attached) TRY(attach(saved, cgroup, child.pid()), "join the cgroup");
  return child;
}

Result<Child> spawn_in_group(const ExecOptions& options, const Saved& saved, const plan::Host& host,
                             const SpawnRequest& request, const fs::Proc& proc, const Body& body) {
  auto first = spawn_in(TRY(cgroup_of(options, saved, host)), saved, host, request, proc, body);
  if (first || (first.error().code() != EBUSY && first.error().code() != ENOENT)) return first;
  // Init may have moved on after we looked.
  return spawn_in(TRY(cgroup_of(options, saved, host)), saved, host, request, proc, body);
}

// The runtime's part of the conversation, until the program runs.
Status accompany(const plan::ExecPlan& plan, const Child& child, Openings& open, const Saved& saved,
                 const fs::Proc& proc) {
  TRY(apply::adjust_process(plan.process, child.pid(), proc));
  TRY(apply::join(saved.resctrl, child.pid()));
  FdRef channel = open.channel.first;
  if (plan.seccomp && plan.seccomp->notify) {
    auto state = state_of(saved, spec::Status::Running);
    state.pid = child.pid();
    TRY(send_message(channel, Word::Agent,
                     plan::container_process_state(state, plan.seccomp->listener_metadata)));
  }
  TRY(send_message(channel, Word::Go));
  TRY(expect(channel, Word::Ready, "the new process"));
  TRY(apply::make_real_time(plan.process, child.pid()));
  if (!plan.process.affinity_after.empty())
    TRY(sys::sched_setaffinity(child.pid(), plan.process.affinity_after),
        "process.execCPUAffinity.final");
  TRY(send_message(channel, Word::Go));
  auto answer = TRY(receive_message(channel));
  if (answer) return error_of(*std::move(answer));
  return {};
}

// The process, running.
struct Running {
  Child child{};
  Fd console{};
};

Result<Running> begin(const ExecOptions& options, std::vector<std::string>& warnings) {
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(options.root, options.id));
  auto status = TRY(status_of(record, proc));
  TRY(check_executable(status, options));
  auto init = TRY(open_init(record.saved, proc));
  if (!init)
    return base::state_error("container ", options.id, ": cannot exec in a stopped container");
  auto text = TRY(record.config());
  auto config = TRY(spec::read_config(text), "config.json");
  auto process = TRY(wanted_process(options, config));
  auto host = TRY(apply::probe(proc));
  plan::Request request;
  request.id = options.id;
  request.listening_fds = options.inherited.listening;
  request.preserve_fds = options.inherited.count();
  request.debug = options.debug;
  request.relayed = !options.detach && options.console_socket.empty();
  if (request.relayed) request.terminal_size = terminal_size();
  // compat: runc. That of the container, found by its name; never the caller's with its keys.
  request.no_new_keyring = !record.saved.keyring;
  auto plan = TRY(plan::make_exec(process, config.linux_, host, request));
  warnings.insert(warnings.end(), plan.warnings.begin(), plan.warnings.end());
  auto namespaces = TRY(plan::namespaces(config.linux_, host));
  auto open = TRY(open_all(options, plan, namespaces, record.saved, *init, proc));
  SpawnRequest spawn_request;
  spawn_request.join = open.namespaces;
  spawn_request.affinity = plan.process.affinity_before;
  bool user_namespace = namespaces.has(CLONE_NEWUSER);
  std::optional<fs::Proc> inside;  // of the new process alone
  spawn_request.hide = [&](FdRef stage) { return hide_host(open, plan, stage, proc, inside); };
  auto body = [&](Status entered) {
    open.channel.first.close();
    open.our_console.close();
    open.pidfd_socket.close();
    send_failure(open.channel.second,
                 entered ? run_process(open, plan, user_namespace, inside ? *inside : proc)
                         : std::move(entered).error());
  };
  auto child = TRY(spawn_in_group(options, record.saved, host, spawn_request, proc, body));
  open.channel.second.close();
  open.console.close();
  TRY(accompany(plan, child, open, record.saved, proc));
  if (open.pidfd_socket) TRY(send_pidfd(open.pidfd_socket, kPidfdOfExec, child.pidfd()));
  Running out{std::move(child), std::move(open.our_console)};
  return out;
}

}  // namespace

Result<int> exec(const ExecOptions& options, std::vector<std::string>& warnings) {
  std::optional<Foreground> foreground;
  if (!options.detach) foreground = TRY(Foreground::begin());
  auto running = TRY(begin(options, warnings));
  if (!options.pid_file.empty()) TRY(write_pid_file(options.pid_file, running.child.pid()));
  if (!options.detach) return foreground->relay(running.child, std::move(running.console));
  running.child.keep();
  return 0;
}

}  // namespace container
