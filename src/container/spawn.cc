#include "container/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "apply/cgroup.h"
#include "base/kernel.h"
#include "container/channel.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// How a process comes into its v2 group. What is cloned into a group to which cgroup.kill was
// written more often than to our own, or less often, is killed at its birth (seen in Linux 6.12 to
// 6.18, which since the end of a race compare the two counts). Who enters by itself is not, but
// waits for a lock of the whole machine.
enum class Way { Clone, Enter };

Result<sys::Cloned> clone(const SpawnRequest& request, Way way, std::uint64_t flags) {
  sys::CloneRequest wanted{.flags = flags};
  if (way == Way::Clone) wanted.cgroup = request.cgroup;
  auto cloned = sys::clone3(wanted);
  if (cloned || !wanted.cgroup) return cloned;
  return apply::explain_join(std::move(cloned).error(), *wanted.cgroup);
}

// First of all, in the new process.
Status enter(const SpawnRequest& request, Way way) {
  if (request.cgroup && way == Way::Enter) {
    auto entered = fs::write_control(*request.cgroup, "cgroup.procs", "0");
    if (!entered)
      return apply::explain_join(std::move(entered).error(), *request.cgroup).in("join the cgroup");
  }
  return request.enter ? request.enter() : Status();
}

[[noreturn]] void begin(const SpawnRequest& request, Status entered, const Body& body) {
  if (entered && !request.affinity.empty()) entered = sys::sched_setaffinity(0, request.affinity);
  body(std::move(entered));
  sys::exit_now(1);
}

// Everything that has to come before the new process exists; then that, as the runtime's child.
Result<pid_t> stage(const SpawnRequest& request, Way way, const fs::Proc& proc, FdRef channel,
                    const Body& body) {
  TRY(enter(request, way));
  if (request.create_time) {
    TRY(sys::unshare(CLONE_NEWTIME), "time namespace");
    if (!request.time_offsets.empty())
      TRY(proc.write("self/timens_offsets", request.time_offsets), "linux.timeOffsets");
  }
  // A process of the joined namespaces must not be able to look into us. cve: 2016-9962
  TRY(sys::set_dumpable(false));
  for (const auto& joined : request.join)
    TRY(sys::setns(joined.file, static_cast<int>(joined.flag)), joined.what);
  if (request.hide) TRY(request.hide(channel));
  auto child = sys::clone3({.flags = request.create | CLONE_PARENT});
  if (!child && request.cgroup)
    return apply::explain_join(std::move(child).error(), *request.cgroup);
  auto made = TRY(std::move(child));
  if (made.pid == 0) begin(request, {}, body);
  return made.pid;
}

[[noreturn]] void run_stage(const SpawnRequest& request, Way way, const fs::Proc& proc,
                            FdRef channel, const Body& body) {
  auto pid = stage(request, way, proc, channel, body);
  if (!pid) {
    send_failure(channel, pid.error());
    sys::exit_now(1);
  }
  auto sent = send_message(channel, Word::Pid, base::cat(pid.value()));
  sys::exit_now(sent ? 0 : 1);
}

// Nothing where the stage was killed before it could say anything.
Result<std::optional<pid_t>> through_stage(const SpawnRequest& request, Way way,
                                           const fs::Proc& proc, const Body& body) {
  auto channel = TRY(sys::socketpair(SOCK_STREAM));
  // The stage itself is made in the group, and its child inherits it: once a cgroup namespace is
  // joined, no one comes over its border any more where the hierarchy is mounted with nsdelegate.
  // Linux: admin-guide/cgroup-v2, "Delegation Containment"
  auto process = TRY(clone(request, way, 0));
  if (process.pid == 0) {
    channel.first.close();
    run_stage(request, way, proc, channel.second, body);
  }
  channel.second.close();
  auto said = expect(channel.first, Word::Pid, "the stage process");
  auto ended = sys::wait_child(process.pidfd);
  if (!said && ended && ended.value().signal == SIGKILL) return std::optional<pid_t>();
  auto pid = base::parse<pid_t>(TRY(std::move(said)).text);
  if (!pid) return base::system_error("the stage process gave no pid");
  return pid;
}

}  // namespace

Child::~Child() {
  if (!pidfd_ || kept_) return;
  (void)sys::pidfd_send_signal(pidfd_, SIGKILL);
  (void)sys::wait_child(pidfd_);
}

Result<std::vector<Joined>> open_namespaces(const plan::Namespaces& plan) {
  std::vector<Joined> out;
  for (const auto& join : plan.join) {
    auto what = base::cat(join.what, ": join ", base::quote(join.path));
    Joined joined;
    joined.file = TRY(sys::openat(FdRef::cwd(), join.path, O_RDONLY), what);
    auto st = TRY(sys::fstatfs(joined.file), what);
    if (st.f_type != base::kernel::kNsfsMagic)
      return base::config_error(what, ": is not the file of a namespace");
    joined.flag = join.flag;
    joined.what = std::move(what);
    out.push_back(std::move(joined));
  }
  return out;
}

Result<Child> spawn(const SpawnRequest& request, const fs::Proc& proc, const Body& body) {
  if (request.join.empty() && !request.create_time) {
    auto way = request.new_cgroup ? Way::Clone : Way::Enter;
    auto child = TRY(clone(request, way, request.create));
    if (child.pid == 0) begin(request, enter(request, way), body);
    return Child(child.pid, std::move(child.pidfd));
  }
  auto pid = TRY(through_stage(request, Way::Clone, proc, body));
  if (!pid && request.cgroup) pid = TRY(through_stage(request, Way::Enter, proc, body));
  if (!pid) return base::system_error("the stage process was killed");
  // Our child since the clone, and not waited for: the number cannot have passed to another.
  auto pidfd = TRY(sys::pidfd_open(*pid));
  return Child(*pid, std::move(pidfd));
}

}  // namespace container
