#include "apply/terminal.h"

#include <fcntl.h>

#include <cerrno>

#include "base/kernel.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace apply {

base::Result<Terminal> open_terminal(base::FdRef root, const plan::Process& plan) {
  Terminal out;
  auto opened = fs::open_in(root, "dev/pts/ptmx", O_RDWR | O_NOFOLLOW);
  if (!opened && opened.error().code() == ENOENT)
    return base::config_error("process.terminal: the container has no devpts mounted on /dev/pts");
  out.master = TRY(std::move(opened), "process.terminal");
  auto st = TRY(sys::fstatfs(out.master));
  if (st.f_type != base::kernel::kDevptsMagic)
    return base::config_error(
        "process.terminal: /dev/pts/ptmx of the container is not of a devpts");
  TRY(sys::unlock_pty(out.master), "process.terminal");
  out.slave = TRY(sys::open_pty_peer(out.master), "process.terminal");
  // Before the process is there: whoever receives the master may be later than its first line.
  if (plan.leave_newlines) TRY(sys::leave_newlines(out.master), "process.terminal");
  if (plan.console_size) {
    sys::WindowSize size;
    size.rows = plan.console_size->rows;
    size.columns = plan.console_size->columns;
    TRY(sys::set_window_size(out.master, size), "process.consoleSize");
  }
  return out;
}

base::Status use_terminal(base::FdRef slave, const plan::Process& plan) {
  TRY(sys::make_controlling(slave), "process.terminal");
  auto owned = sys::fchownat(slave, "", plan.uid, static_cast<gid_t>(-1), AT_EMPTY_PATH);
  if (!owned && owned.error().code() != EPERM && owned.error().code() != EINVAL)
    return std::move(owned).error().in("process.terminal: give it to the user");
  for (int n : {0, 1, 2}) TRY(sys::place_at(slave, n));
  return {};
}

}  // namespace apply
