#include "container/create.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "apply/cgroup.h"
#include "apply/cgroup_owner.h"
#include "apply/freezer.h"
#include "apply/hooks.h"
#include "apply/identity.h"
#include "apply/net_devices.h"
#include "apply/probe.h"
#include "apply/process.h"
#include "apply/resctrl.h"
#include "apply/rootfs.h"
#include "container/bundles.h"
#include "container/channel.h"
#include "container/external.h"
#include "container/init.h"
#include "container/notify.h"
#include "container/record.h"
#include "container/relay.h"
#include "container/states.h"
#include "plan/make.h"
#include "spec/state.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::opt_ref;
using base::Result;
using base::Status;

constexpr int kStandard = 3;  // descriptors: input, output, errors

plan::Request request_of(const CreateOptions& options, const Bundle& bundle) {
  plan::Request out;
  out.id = options.id;
  out.bundle = bundle.path;
  out.no_pivot = options.no_pivot;
  out.no_new_keyring = options.no_new_keyring;
  out.systemd_cgroup = options.systemd_cgroup;
  out.no_cgroup = options.no_cgroup;
  out.listening_fds = options.inherited.listening;
  out.preserve_fds = options.inherited.count();
  out.debug = options.debug;
  if (options.foreground) out.terminal_size = terminal_size();
  out.relayed = options.foreground;
  return out;
}

// All that is open before the clone.
struct Openings {
  apply::PreparedRootfs rootfs{};
  std::vector<Joined> namespaces{};
  sys::SocketPair channel{};
  Fd exec_fifo{};
  Fd exec_reply{};
  Fd console{};      // goes to init
  Fd our_console{};  // in the foreground
  Fd agent{};
  Fd pidfd_socket{};
};

// compat: as in runc, a console socket is wanted exactly when there is a terminal that nobody here
// relays.
Status open_console(const CreateOptions& options, const plan::Plan& plan, Openings& out) {
  bool terminal = plan.process && plan.process->terminal;
  if (terminal && options.foreground) {
    auto pair = TRY(sys::socketpair(SOCK_STREAM));
    out.our_console = std::move(pair.first);
    out.console = std::move(pair.second);
  } else if (terminal) {
    if (options.console_socket.empty())
      return base::usage_error("process.terminal: a detached container needs --console-socket");
    out.console = TRY(sys::connect_unix(options.console_socket), "--console-socket");
  } else if (!options.console_socket.empty()) {
    return base::usage_error("--console-socket: process.terminal is not true");
  }
  return {};
}

Result<Openings> open_all(const CreateOptions& options, const plan::Plan& plan,
                          const Record& record) {
  Openings out;
  TRY(open_console(options, plan, out));
  out.pidfd_socket = TRY(connect_pidfd_socket(options.pidfd_socket));
  out.rootfs = TRY(apply::prepare_rootfs(plan.rootfs));
  out.namespaces = TRY(open_namespaces(plan.namespaces));
  out.channel = TRY(sys::socketpair(SOCK_STREAM));
  constexpr int kBothWays = O_RDWR;  // so that neither end of file nor SIGPIPE comes before execve
  out.exec_fifo = TRY(sys::openat(record.dir(), std::string(kExecFifo), kBothWays));
  out.exec_reply = TRY(sys::openat(record.dir(), std::string(kExecReply), kBothWays));
  if (plan.seccomp && plan.seccomp->notify)
    out.agent = TRY(sys::connect_unix(plan.seccomp->listener_path), "linux.seccomp.listenerPath");
  return out;
}

Result<Child> spawn_init(const plan::Plan& plan, const Group& group, const fs::Proc& proc,
                         Openings& open, const Record& record) {
  SpawnRequest request;
  request.create = plan.namespaces.create;
  request.join = open.namespaces;
  request.create_time = plan.namespaces.create_time;
  request.time_offsets = plan.namespaces.time_offsets;
  request.cgroup = group.made().unified();
  request.new_cgroup = group.made().new_unified();
  request.enter = [&] { return group.made().enter_v1(); };
  auto child = TRY(spawn(request, proc, [&](Status entered) {
    // What only the runtime may hold: with its end of the channel open here, init would wait for a
    // runtime that is gone; with the record, its lock would outlive `create`.
    Fd(open.channel.first.release()).close();
    Fd(open.our_console.release()).close();
    Fd(open.pidfd_socket.release()).close();
    Fd(record.dir().raw()).close();
    group.close_in_child();
    InitContext context{plan,
                        open.rootfs,
                        proc,
                        open.channel.second,
                        open.exec_fifo,
                        open.exec_reply,
                        opt_ref(open.console),
                        opt_ref(open.agent),
                        std::move(entered)};
    run_init(context);
  }));
  open.channel.second.close();
  open.console.close();
  return child;
}

// The runtime's part of the conversation, until init waits for `start`.
Status accompany(const plan::Plan& plan, const Child& init, const apply::CgroupPaths& cgroup,
                 FdRef channel, const fs::Proc& proc, const CreateOptions& options,
                 const spec::State& state) {
  TRY(apply::map_identity(plan.identity, init.pid(), proc, options.search_path));
  TRY(apply::give_cgroup(plan.cgroup, cgroup, init.pid(), proc));
  if (plan.process) TRY(apply::adjust_process(*plan.process, init.pid(), proc));
  if (plan.seccomp && plan.seccomp->notify)
    TRY(send_message(channel, Word::Agent,
                     plan::container_process_state(state, plan.seccomp->listener_metadata)));
  auto text = base::dump(spec::write_state(state));
  // spec: runtime.md#state: the pid is the one that the hook's own namespace knows.
  auto inside = state;
  inside.pid = TRY(fs::pid_inside(proc, init.pid()));
  TRY(send_message(channel, Word::Go, base::dump(spec::write_state(inside))));
  if (plan.hooks.before_pivot()) {
    TRY(expect(channel, Word::Hooks, "init"));
    TRY(apply::run_hooks(plan.hooks.prestart, text, init.pidfd()));
    TRY(apply::run_hooks(plan.hooks.create_runtime, text, init.pidfd()));
    TRY(send_message(channel, Word::Go));
  }
  TRY(expect(channel, Word::Ready, "init"));
  if (plan.process) TRY(apply::make_real_time(*plan.process, init.pid()));
  return {};
}

// A limit that is too low kills init without a word: say so.
base::Error with_hint(base::Error error, const apply::CgroupPaths& cgroup) {
  auto killed = apply::oom_killed(cgroup);
  if (killed && killed.value())
    return std::move(error)
        .in("the memory limit is too low to start a container, init was killed")
        .as(base::Kind::OutOfMemory);
  return error;
}

// Undoes what the specification calls the steps of create, the hooks included.
void run_poststop(const plan::Plan& plan, spec::State state, std::vector<std::string>& warnings) {
  state.status = spec::Status::Stopped;
  state.pid = 0;
  for (const auto& error :
       apply::run_all_hooks(plan.hooks.poststop, base::dump(spec::write_state(state))))
    warnings.push_back(error.text());
}

}  // namespace

Result<Created> create(const CreateOptions& options, std::vector<std::string>& warnings) {
  auto bundle = TRY(read_bundle(options.bundle));
  if (!options.notify_socket.empty())
    add_notify_socket(bundle.config, TRY(Record::path(options.root, options.id)));
  auto proc = TRY(fs::Proc::open());
  auto host = TRY(apply::probe(proc));
  auto opened = TRY(Group::open(options.systemd_cgroup, options.bus, host));
  if (bundle.config.linux_.intel_rdt) host.resctrl = TRY(apply::resctrl_mount());
  auto plan = TRY(plan::make(bundle.config, host, request_of(options, bundle)));
  warnings.insert(warnings.end(), plan.warnings.begin(), plan.warnings.end());
  auto record = TRY(Record::claim(options.root, options.id, bundle.text));
  auto group = std::move(opened);  // undone before the record is
  if (!options.notify_socket.empty())
    TRY(sys::mkdirat(record.dir(), std::string(kNotifyDir), 0755), "NOTIFY_SOCKET");
  auto open = TRY(open_all(options, plan, record));
  // Saved before anything is made: whatever ends this process, `delete` finds what there is to
  // undo.
  record.saved = saved_of(options.id, bundle, plan.rootfs.path);
  record.saved.keyring = !options.no_new_keyring;
  if (!plan.process || !plan.process->terminal)
    record.saved.descriptors = TRY(external_names(kStandard + options.inherited.count()));
  group.foresee(plan.cgroup, record.saved);
  if (plan.resctrl) record.saved.resctrl = apply::foresee_resctrl(*plan.resctrl);
  TRY(record.save());
  TRY(group.make(plan.cgroup, record.saved));
  auto resctrl = TRY(apply::make_resctrl(plan.resctrl));
  if (plan.resctrl) record.saved.resctrl = resctrl.group();
  // From here on a process exists; leaving this function early kills it.
  auto init = TRY(spawn_init(plan, group, proc, open, record));
  record.saved.pid = init.pid();
  record.saved.start_time = TRY(fs::process_stat(proc, init.pid())).start_time;
  TRY(record.save());
  TRY(group.take_in(plan.cgroup, init.pid(), host.cgroup, record));
  TRY(apply::join(record.saved.resctrl, init.pid()));
  auto devices = TRY(apply::move_devices(plan.net_devices, proc, init.pid()));
  auto state = state_of(record.saved, spec::Status::Created);
  auto ready = accompany(plan, init, group.paths(), open.channel.first, proc, options, state);
  if (!ready) {
    run_poststop(plan, state, warnings);
    // What hooks have left in the group outlives an init without a pid namespace, and would hold
    // it.
    (void)apply::kill_all(group.paths());
    return with_hint(std::move(ready).error(), group.paths());
  }
  record.saved.ready = true;
  TRY(record.save());
  if (open.pidfd_socket) TRY(send_pidfd(open.pidfd_socket, kPidfdOfInit, init.pidfd()));
  if (!options.pid_file.empty()) TRY(write_pid_file(options.pid_file, init.pid()));
  record.keep();
  group.keep();
  resctrl.keep();
  devices.keep();
  init.keep();
  Created out{std::move(init), std::move(open.our_console)};
  return out;
}

}  // namespace container
