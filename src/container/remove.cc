#include "container/remove.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "apply/cgroup.h"
#include "apply/freezer.h"
#include "apply/hooks.h"
#include "apply/resctrl.h"
#include "apply/rootfs.h"
#include "container/group.h"
#include "container/states.h"
#include "plan/hooks.h"
#include "spec/read.h"
#include "sys/file.h"
#include "sys/process.h"

namespace container {
namespace {

using base::Result;
using base::Status;

constexpr int kLongestWait = 2048;  // ms, of waits that double: four seconds in all

Status check_removable(spec::Status status, const std::string& id) {
  if (status == spec::Status::Stopped) return {};
  return base::state_error("cannot delete container ", id,
                           " that is not stopped: ", spec::word(status));
}

bool has_mount_namespace(const spec::Config& config) {
  const auto& all = config.linux_.namespaces;
  return std::any_of(all.begin(), all.end(),
                     [](const spec::Namespace& n) { return n.type == spec::NamespaceType::Mount; });
}

Status kill_everything(const Record& record, const fs::Proc& proc) {
  auto init = TRY(open_init(record.saved, proc));
  if (init) {
    auto sent = sys::pidfd_send_signal(*init, SIGKILL);
    if (!sent && sent.error().code() != ESRCH) return sent;
  }
  // Whatever shares the cgroup and not the pid namespace outlives init. A frozen group is thawed by
  // it.
  TRY(apply::kill_all(record.saved.cgroup));
  if (init) TRY(await_end(*init, kEndPatience), "init of ", record.saved.id);
  return {};
}

// For --force. A `create` or `start` that is stuck holds the lock: without its init it comes to an
// end, and a `create` may have got that only after we looked.
Status kill_and_lock(Record& record, const fs::Proc& proc) {
  for (int wait = 1;; wait *= 2) {
    TRY(kill_everything(record, proc));
    if (TRY(record.try_lock())) return record.reload();
    if (wait > kLongestWait) break;
    (void)sys::poll({}, wait);
    TRY(record.reload());
  }
  // Only a poststart hook, or another delete, is still there: neither makes anything.
  if (record.saved.ready) return {};
  return base::state_error("container ", record.saved.id,
                           ": is still being created by another process, which has to end first");
}

}  // namespace

Status await_end(base::FdRef pidfd, int milliseconds) {
  std::array<sys::PollItem, 1> items{{{pidfd, POLLIN, 0}}};
  auto n = sys::poll(items, milliseconds);
  while (!n && n.error().code() == EINTR) n = sys::poll(items, milliseconds);
  if (TRY(std::move(n)) == 0)
    return base::system_error("did not end within ", milliseconds / 1000, " s of being killed");
  return {};
}

Status remove_stopping(Record record, const fs::Proc& proc, std::vector<std::string>& warnings) {
  TRY(kill_everything(record, proc));
  TRY(remove_group(record.saved, warnings), "cgroup of ", record.saved.id);
  if (record.saved.resctrl) TRY(apply::remove_resctrl(*record.saved.resctrl));
  auto text = record.config();
  auto config = text ? spec::read_config(text.value()) : std::move(text).error();
  if (config && !has_mount_namespace(config.value()))
    TRY(apply::detach_rootfs(record.saved.rootfs), "root file system of ", record.saved.id);
  auto state = base::dump(spec::write_state(state_of(record.saved, spec::Status::Stopped)));
  TRY(record.remove());
  // A container that was claimed and no more has no configuration, and so no hooks.
  if (!config) return {};
  // spec: runtime.md#lifecycle step 13: failures are warnings, and the remaining hooks run.
  auto hooks = plan::hooks(config.value().hooks, record.saved.bundle);
  for (const auto& error : apply::run_all_hooks(hooks.poststop, state))
    warnings.push_back(error.text());
  return {};
}

Status remove(const std::string& root, const std::string& id, bool force,
              std::vector<std::string>& warnings) {
  auto loaded = Record::load(root, id);
  if (!loaded && force && loaded.error().code() == ENOENT) return {};
  auto record = TRY(std::move(loaded));
  auto proc = TRY(fs::Proc::open());
  if (!force) {
    auto status = TRY(status_of(record, proc));
    TRY(check_removable(status, id));
  }
  if (force) {
    auto locked = kill_and_lock(record, proc);
    if (!locked && locked.error().code() == ENOENT) return {};
    TRY(std::move(locked));
  } else {
    TRY(record.lock());
    TRY(record.reload());
  }
  return remove_stopping(std::move(record), proc, warnings);
}

}  // namespace container
