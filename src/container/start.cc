#include "container/start.h"

#include <fcntl.h>

#include <cerrno>

#include "apply/hooks.h"
#include "container/channel.h"
#include "container/record.h"
#include "container/remove.h"
#include "container/states.h"
#include "plan/hooks.h"
#include "spec/read.h"
#include "sys/file.h"

namespace container {
namespace {

using base::Result;
using base::Status;

Status check_startable(spec::Status status, const std::string& id) {
  switch (status) {
    case spec::Status::Created:
      return {};
    case spec::Status::Creating:
      return base::state_error("container ", id,
                               ": cannot start a container that is being created");
    case spec::Status::Running:
      return base::state_error("container ", id, ": cannot start an already running container");
    case spec::Status::Paused:
      return base::state_error("container ", id, ": cannot start a paused container");
    case spec::Status::Stopped:
      return base::state_error("container ", id, ": cannot start a container that has stopped");
  }
  return {};
}

// Wakes init and waits for its answer: an end of file when it executes the program.
Status wake(const Record& record) {
  // The answer's reader comes first, so that nothing of it can be missed.
  auto reply = TRY(sys::openat(record.dir(), std::string(kExecReply), O_RDONLY | O_NONBLOCK));
  auto fifo = sys::openat(record.dir(), std::string(kExecFifo), O_WRONLY | O_NONBLOCK);
  if (!fifo && fifo.error().code() == ENXIO)
    return base::state_error("init has ended while it waited to be started");
  auto open = TRY(std::move(fifo));
  TRY(sys::write(open, "1"));
  open.close();
  TRY(sys::set_nonblocking(reply, false));
  auto answer = TRY(receive_message(reply));
  if (answer) return error_of(*std::move(answer));
  return {};
}

void remove_fifos(const Record& record) {
  for (auto name : {kExecFifo, kExecReply}) (void)sys::unlinkat(record.dir(), std::string(name));
}

// A container that was created without a service manager has no place for its socket.
Result<std::optional<Notifier>> open_notifier(const StartOptions& options, const Record& record) {
  if (options.notify_socket.empty()) return std::optional<Notifier>();
  auto opened = Notifier::open(record, options.notify_socket);
  if (!opened && opened.error().code() == ENOENT) return std::optional<Notifier>();
  return std::optional<Notifier>(TRY(std::move(opened)));
}

}  // namespace

Status Started::await_ready() {
  if (!notifier) return {};
  return notifier->await_ready(pid, init);
}

Result<Started> start(const StartOptions& options, std::vector<std::string>& warnings) {
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(options.root, options.id));
  TRY(record.lock());
  TRY(record.reload());
  // With the lock here nobody is at `create`: one that is not through has been killed.
  auto status = record.saved.ready ? TRY(status_of(record, proc)) : spec::Status::Stopped;
  TRY(check_startable(status, options.id));
  auto text = TRY(record.config());
  auto config = TRY(spec::read_config(text), "config.json");
  auto init = TRY(open_init(record.saved, proc));
  Started out;
  out.notifier = TRY(open_notifier(options, record));
  auto woken = wake(record);
  remove_fifos(record);
  if (!woken) {
    if (init) (void)await_end(*init, kEndPatience);
    return std::move(woken).error();
  }
  auto state = base::dump(spec::write_state(state_of(record.saved, spec::Status::Running)));
  auto hooked = apply::run_hooks(plan::hooks(config.hooks, record.saved.bundle).poststart, state);
  if (hooked) {
    out.pid = static_cast<pid_t>(record.saved.pid);
    if (init) out.init = *std::move(init);
    return out;
  }
  // spec: runtime.md#lifecycle step 9: the container is stopped, and its life goes on at step 12.
  TRY(remove_stopping(std::move(record), proc, warnings));
  return std::move(hooked).error();
}

}  // namespace container
