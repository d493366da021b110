// System calls on terminals.
#pragma once
#include <termios.h>

#include "base/fd.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

bool isatty(FdRef fd);

struct WindowSize {
  unsigned short rows = 0;
  unsigned short columns = 0;
};
Result<WindowSize> window_size(FdRef terminal);
Status set_window_size(FdRef terminal, WindowSize size);

// Unlocks the other end of a master. man: ioctl_tty(2), TIOCSPTLCK
Status unlock_pty(FdRef master);
// Opens the other end without a path. man: ioctl_tty(2), TIOCGPTPEER, Linux 4.13. cve: 2025-52565
Result<Fd> open_pty_peer(FdRef master);
// Makes it the controlling terminal of this session. man: ioctl_tty(2), TIOCSCTTY
Status make_controlling(FdRef terminal);

Result<struct termios> terminal_mode(FdRef terminal);
Status set_terminal_mode(FdRef terminal, const struct termios& mode);
// Newlines that are written to it reach the master without a carriage return (ONLCR is off).
Status leave_newlines(FdRef terminal);
// The mode in which every byte passes as it is.
struct termios raw_mode(struct termios mode);

}  // namespace sys
