#include "container/restore.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "apply/cgroup.h"
#include "apply/cgroup_owner.h"
#include "apply/freezer.h"
#include "apply/hooks.h"
#include "apply/probe.h"
#include "base/json.h"
#include "container/bundles.h"
#include "container/criu_mounts.h"
#include "container/external.h"
#include "container/group.h"
#include "container/mount_points.h"
#include "container/program.h"
#include "container/record.h"
#include "container/relay.h"
#include "container/remove.h"
#include "container/states.h"
#include "fs/files.h"
#include "plan/make.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace container {
namespace {

using base::cat;
using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr const char* kLogFile = "restore.log";

// All that is known and open before anything is made.
struct Preparation {
  CriuStart start{};
  ImageFolders folders{};
  Bundle bundle{};
  plan::Plan plan{};
  plan::CgroupHost cgroup_host{};
  std::optional<Group> group{};
  std::vector<ExternalMount> mounts{};
  JoinedNamespaces namespaces{};
  std::vector<criu::Inherited> inherited{};
  std::vector<Fd> duplicates{};
  Fd console{};      // where a terminal's master goes
  Fd our_console{};  // in the foreground: the other end
};

// The files of the image that our descriptors take the place of.
Status find_inherited(FdRef images, int count, Preparation& out) {
  auto text = fs::read_file(images, kDescriptors);
  if (!text && text.error().code() == ENOENT) return {};
  auto bytes = TRY(std::move(text));
  auto json = TRY(base::parse_json(bytes), kDescriptors);
  auto names = TRY(base::Place(json).strings(), kDescriptors);
  for (int n = 0; n < count && n < static_cast<int>(names.size()); ++n) {
    const auto& name = names[static_cast<std::size_t>(n)];
    if (!name.starts_with("pipe:[") && external_word(name).empty()) continue;
    out.inherited.push_back({name, n});
    if (!name.starts_with("file[")) continue;
    // criu drops the first letter of what it takes for a path. By the name so cut the descriptor
    // itself is passed on; by the whole one a file is opened anew, and its length compared. It
    // closes each descriptor that it is given.
    auto second = TRY(sys::duplicate(FdRef::inherited(n)));
    out.inherited.push_back({name.substr(1), second.raw()});
    out.start.kept.push_back(second.raw());
    out.duplicates.push_back(std::move(second));
  }
  return {};
}

// compat: as with create, a console socket is wanted exactly when nobody here relays a terminal.
Status open_console(const RestoreOptions& options, Preparation& out) {
  bool terminal = out.plan.process && out.plan.process->terminal;
  if (!terminal) {
    if (options.console_socket.empty()) return {};
    return base::usage_error("--console-socket: process.terminal is not true");
  }
  if (!options.detach) {
    auto pair = TRY(sys::socketpair(SOCK_STREAM));
    out.our_console = std::move(pair.first);
    out.console = std::move(pair.second);
    return {};
  }
  if (options.console_socket.empty())
    return base::usage_error("process.terminal: a detached container needs --console-socket");
  out.console = TRY(sys::connect_unix(options.console_socket), "--console-socket");
  return {};
}

Result<Preparation> prepare(const RestoreOptions& options, const fs::Proc& proc,
                            std::vector<std::string>& warnings) {
  Preparation out;
  out.start.path = TRY(criu::find(options.image.search_path));
  out.folders = TRY(open_folders(options.image, Folders::Find));
  // The log's folder stays what it is, wherever criu sees the images.
  if (!out.folders.work) out.folders.work = TRY(sys::duplicate(out.folders.images));
  out.bundle = TRY(read_bundle(options.bundle));
  auto host = TRY(apply::probe(proc));
  plan::Request request;
  request.id = options.image.id;
  request.bundle = out.bundle.path;
  request.systemd_cgroup = options.systemd_cgroup;
  request.no_cgroup = options.no_cgroup;
  request.debug = options.debug;
  // An image holds neither the host's network devices nor a place in its resctrl file system.
  if (out.bundle.config.linux_.intel_rdt)
    return base::unsupported("linux.intelRdt: cannot be given to a container that is restored");
  if (!out.bundle.config.linux_.net_devices.empty())
    return base::unsupported("linux.netDevices: cannot be given to a container that is restored");
  out.group = TRY(Group::open(options.systemd_cgroup, options.bus, host));
  out.plan = TRY(plan::make(out.bundle.config, host, request));
  warnings.insert(warnings.end(), out.plan.warnings.begin(), out.plan.warnings.end());
  out.cgroup_host = host.cgroup;
  auto of_host = TRY(fs::read_mountinfo());
  out.mounts = with_submounts(external_mounts(out.plan.rootfs), of_host);
  out.namespaces = TRY(joined_namespaces(out.bundle.config.linux_));
  constexpr int kStandard = 3;
  auto count = kStandard + options.preserve_fds;
  TRY(find_inherited(out.folders.images, count, out));
  for (int n = kStandard; n < count; ++n) out.start.kept.push_back(n);
  for (const auto& file : out.namespaces.files) out.start.kept.push_back(file.raw());
  TRY(open_console(options, out));
  return out;
}

// A container that was checkpointed is over, and its id free for what continues it.
Status give_way(const ImageOptions& options, const fs::Proc& proc,
                std::vector<std::string>& warnings) {
  auto loaded = Record::load(options.root, options.id);
  if (!loaded && loaded.error().code() == ENOENT) return {};
  auto record = TRY(std::move(loaded));
  if (!record.saved.checkpointed) return {};
  TRY(record.lock());
  TRY(record.reload());
  auto status = TRY(status_of(record, proc));
  if (status != spec::Status::Stopped) return {};
  return remove_stopping(std::move(record), proc, warnings);
}

// compat: runc gives criu, and so the container, the groups that were made, under the names that
// criu knows them by.
Result<std::vector<criu::Pair>> cgroup_roots(pid_t criu, const plan::CgroupHost& host) {
  std::vector<criu::Pair> out;
  for (const auto& group : TRY(apply::paths_of(criu, host)).groups) {
    if (group.v2) out.push_back({"", group.path});
    for (const auto& controller : group.controllers)
      if (!group.v2) out.push_back({controller, group.path});
  }
  return out;
}

// What happens while criu works.
class Events {
 public:
  Events(const Preparation& prepared, Record& record, const fs::Proc& proc)
      : prepared_(prepared), record_(record), proc_(proc) {}

  Status hear(criu::Notice notice) {
    if (notice.script == "setup-namespaces") return run_hooks(notice.pid);
    if (notice.script == "post-restore") return take(notice.pid);
    if (notice.script == "orphan-pts-master" && notice.descriptor && prepared_.console)
      return hand_over(notice.descriptor);
    return {};
  }
  bool hooked() const { return hooked_; }
  std::optional<Child>& init() { return init_; }

 private:
  Status hand_over(FdRef master) {
    // As for a new process that is relayed: it may have been detached when it was checkpointed.
    if (prepared_.our_console) TRY(sys::leave_newlines(master), "process.terminal");
    return send_console(prepared_.console, master);
  }
  // spec: config.md#posix-platform-hooks: those that come when the namespaces are there.
  Status run_hooks(pid_t pid) {
    hooked_ = true;
    auto state = state_of(record_.saved, spec::Status::Created);
    state.pid = pid;
    auto text = base::dump(spec::write_state(state));
    TRY(apply::run_hooks(prepared_.plan.hooks.prestart, text));
    return apply::run_hooks(prepared_.plan.hooks.create_runtime, text);
  }
  // Its processes are complete, and wait. They are in the record before the first of them runs.
  Status take(pid_t pid) {
    // Our child, which nobody has waited for: the number is its own.
    auto pidfd = TRY(sys::pidfd_open(pid));
    init_.emplace(pid, std::move(pidfd));
    record_.saved.pid = pid;
    record_.saved.start_time = TRY(fs::process_stat(proc_, pid)).start_time;
    record_.saved.ready = true;
    return record_.save();
  }

  const Preparation& prepared_;
  Record& record_;
  const fs::Proc& proc_;
  std::optional<Child> init_{};
  bool hooked_ = false;
};

Status let_criu_work(const RestoreOptions& options, Preparation& prepared, Group& group,
                     const std::string& folder, Record& record, Events& events,
                     const fs::Proc& proc, std::vector<std::string>& warnings) {
  prepared.start.cgroup = group.made().unified();
  prepared.start.enter = [&] { return group.made().enter_v1(); };
  // In the new process.
  prepared.start.prepare = [&]() -> Status {
    auto& images = prepared.folders.images_path;
    images = TRY(make_criu_mounts(prepared.plan, folder, images));
    return {};
  };
  auto criu = TRY(Criu::start(prepared.start, options.image, prepared.folders, proc));
  // What it restores begins where it is.
  TRY(group.take_in(prepared.plan.cgroup, criu.pid(), prepared.cgroup_host, record));
  if (options.image.lazy_pages) TRY(criu.need_lazy_pages());
  auto request = request_of(options.image, prepared.folders, prepared.bundle.config.annotations);
  request.task = criu::Task::Restore;
  request.log_file = kLogFile;
  request.root = cat(folder, "/", kCriuRoot);
  for (const auto& mount : prepared.mounts)
    request.mounts.push_back(
        {mount.target, mount.staged.empty() ? mount.source : cat(folder, "/", mount.staged)});
  // Of masked files runc writes the source instead of the place.
  request.mounts.push_back({"/dev/null", "/dev/null"});
  request.cgroup_roots = TRY(cgroup_roots(criu.pid(), prepared.cgroup_host));
  request.joined = prepared.namespaces.joined;
  request.inherited = prepared.inherited;
  for (const auto& one : prepared.namespaces.inherited) request.inherited.push_back(one);
  auto listener = [&](criu::Notice notice) { return events.hear(std::move(notice)); };
  (void)TRY(criu.work(request, prepared.folders, listener, warnings));
  if (!events.init()) return base::system_error("criu: did not tell what it restored");
  return {};
}

void run_poststop(const Preparation& prepared, const Saved& saved,
                  std::vector<std::string>& warnings) {
  auto state = state_of(saved, spec::Status::Stopped);
  for (const auto& error :
       apply::run_all_hooks(prepared.plan.hooks.poststop, base::dump(spec::write_state(state))))
    warnings.push_back(error.text());
}

struct Restored {
  Child init{};  // kept: it outlives this
  Fd console{};
};

Result<Restored> bring_back(const RestoreOptions& options, std::vector<std::string>& warnings) {
  auto proc = TRY(fs::Proc::open());
  auto prepared = TRY(prepare(options, proc, warnings));
  TRY(give_way(options.image, proc, warnings));
  auto record = TRY(Record::claim(options.image.root, options.image.id, prepared.bundle.text));
  record.saved = saved_of(options.image.id, prepared.bundle, prepared.plan.rootfs.path);
  // Images do not hold keyrings: what exec adds has one, and not the caller's.
  record.saved.keyring = true;
  if (!prepared.console) {
    constexpr int kStandard = 3;
    record.saved.descriptors = TRY(external_names(kStandard + options.preserve_fds));
  }
  auto group = *std::exchange(prepared.group, std::nullopt);
  group.foresee(prepared.plan.cgroup, record.saved);
  TRY(record.save());
  TRY(make_mount_points(prepared.plan.rootfs));
  TRY(sys::mkdirat(record.dir(), kCriuRoot, 0700));
  auto folder = TRY(sys::readlinkat(FdRef::cwd(), cat("/proc/self/fd/", record.dir().raw())));
  TRY(group.make(prepared.plan.cgroup, record.saved));
  Events events(prepared, record, proc);
  auto done = let_criu_work(options, prepared, group, folder, record, events, proc, warnings);
  if (!done) {
    if (events.hooked()) run_poststop(prepared, record.saved, warnings);
    (void)apply::kill_all(group.paths());
    return std::move(done).error();
  }
  (void)sys::unlinkat(record.dir(), kCriuRoot, AT_REMOVEDIR);
  auto& init = *events.init();
  TRY(apply::give_cgroup(prepared.plan.cgroup, group.paths(), init.pid(), proc));
  if (!options.pid_file.empty()) TRY(write_pid_file(options.pid_file, init.pid()));
  record.keep();
  group.keep();
  init.keep();
  Restored out{std::move(init), std::move(prepared.our_console)};
  return out;
}

}  // namespace

Result<int> restore(const RestoreOptions& options, std::vector<std::string>& warnings) {
  if (options.detach) {
    TRY(bring_back(options, warnings));
    return 0;
  }
  if (!options.console_socket.empty())
    return base::usage_error("--console-socket: only for a detached container");
  if (!options.no_subreaper) TRY(sys::set_child_subreaper());
  auto foreground = TRY(Foreground::begin());
  auto restored = TRY(bring_back(options, warnings));
  auto code = foreground.relay(restored.init, std::move(restored.console));
  auto removed = remove(options.image.root, options.image.id, true, warnings);
  if (!removed) warnings.push_back(removed.error().text());
  return code;
}

}  // namespace container
