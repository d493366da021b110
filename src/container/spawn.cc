#include "container/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/kernel.h"
#include "container/channel.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

sys::CloneRequest clone_request(const SpawnRequest& request) {
  sys::CloneRequest out;
  out.flags = request.create;
  out.cgroup = request.cgroup;
  return out;
}

[[noreturn]] void begin(const SpawnRequest& request, Status entered, const Body& body) {
  if (entered && !request.affinity.empty()) entered = sys::sched_setaffinity(0, request.affinity);
  body(std::move(entered));
  sys::exit_now(1);
}

// Everything that has to come before the new process exists; then that, as the runtime's child.
Result<pid_t> stage(const SpawnRequest& request, const fs::Proc& proc, const Body& body) {
  if (request.enter) TRY(request.enter());
  if (request.create_time) {
    TRY(sys::unshare(CLONE_NEWTIME), "time namespace");
    if (!request.time_offsets.empty())
      TRY(proc.write("self/timens_offsets", request.time_offsets), "linux.timeOffsets");
  }
  // A process of the joined namespaces must not be able to look into us. cve: 2016-9962
  TRY(sys::set_dumpable(false));
  for (const auto& joined : request.join)
    TRY(sys::setns(joined.file, static_cast<int>(joined.flag)), joined.what);
  auto request_of_clone = clone_request(request);
  request_of_clone.flags |= CLONE_PARENT;
  auto child = TRY(sys::clone3(request_of_clone));
  if (child.pid == 0) begin(request, {}, body);
  return child.pid;
}

[[noreturn]] void run_stage(const SpawnRequest& request, const fs::Proc& proc, FdRef channel,
                            const Body& body) {
  auto pid = stage(request, proc, body);
  if (!pid) {
    send_failure(channel, pid.error());
    sys::exit_now(1);
  }
  auto sent = send_message(channel, Word::Pid, base::cat(pid.value()));
  sys::exit_now(sent ? 0 : 1);
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
    auto child = TRY(sys::clone3(clone_request(request)));
    if (child.pid == 0) begin(request, request.enter ? request.enter() : Status(), body);
    return Child(child.pid, std::move(child.pidfd));
  }
  auto channel = TRY(sys::socketpair(SOCK_STREAM));
  auto stage_process = TRY(sys::clone3({}));
  if (stage_process.pid == 0) {
    channel.first.close();
    run_stage(request, proc, channel.second, body);
  }
  channel.second.close();
  auto said = expect(channel.first, Word::Pid, "the stage process");
  (void)sys::wait_child(stage_process.pidfd);
  auto pid = base::parse<pid_t>(TRY(std::move(said)).text);
  if (!pid) return base::system_error("the stage process gave no pid");
  // Our child since the clone, and not waited for: the number cannot have passed to another.
  auto pidfd = TRY(sys::pidfd_open(*pid));
  return Child(*pid, std::move(pidfd));
}

}  // namespace container
