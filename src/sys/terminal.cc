#include "sys/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sys/call.h"

namespace sys {

bool isatty(FdRef fd) { return ::isatty(fd.raw()) == 1; }

Result<WindowSize> window_size(FdRef terminal) {
  struct winsize size {};
  if (::ioctl(terminal.raw(), TIOCGWINSZ, &size) < 0) return failed("ioctl TIOCGWINSZ", terminal);
  WindowSize out;
  out.rows = size.ws_row;
  out.columns = size.ws_col;
  return out;
}

Status set_window_size(FdRef terminal, WindowSize size) {
  struct winsize raw {};
  raw.ws_row = size.rows;
  raw.ws_col = size.columns;
  if (::ioctl(terminal.raw(), TIOCSWINSZ, &raw) < 0)
    return failed("ioctl TIOCSWINSZ", terminal, size.rows, size.columns);
  return {};
}

Status unlock_pty(FdRef master) {
  int unlocked = 0;
  if (::ioctl(master.raw(), TIOCSPTLCK, &unlocked) < 0) return failed("ioctl TIOCSPTLCK", master);
  return {};
}

Result<Fd> open_pty_peer(FdRef master) {
  int n = ::ioctl(master.raw(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (n < 0) return failed("ioctl TIOCGPTPEER", master);
  return Fd(n);
}

Status make_controlling(FdRef terminal) {
  if (::ioctl(terminal.raw(), TIOCSCTTY, 0) < 0) return failed("ioctl TIOCSCTTY", terminal);
  return {};
}

Result<struct termios> terminal_mode(FdRef terminal) {
  struct termios mode {};
  if (::tcgetattr(terminal.raw(), &mode) < 0) return failed("tcgetattr", terminal);
  return mode;
}

Status set_terminal_mode(FdRef terminal, const struct termios& mode) {
  if (retry([&] { return ::tcsetattr(terminal.raw(), TCSANOW, &mode); }) < 0)
    return failed("tcsetattr", terminal);
  return {};
}

Status leave_newlines(FdRef terminal) {
  auto mode = TRY(terminal_mode(terminal));
  mode.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  return set_terminal_mode(terminal, mode);
}

struct termios raw_mode(struct termios mode) {
  ::cfmakeraw(&mode);
  return mode;
}

}  // namespace sys
