// Stands between the caller and a process in the foreground: signals, the terminal, the exit
// status.
#pragma once
#include <signal.h>

#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "container/notify.h"
#include "container/spawn.h"
#include "plan/host.h"

namespace container {

// Of the terminal that our standard input is; nothing when it is none.
std::optional<plan::TerminalSize> terminal_size();

// Blocks every signal that can be, so that none is lost before the relay reads them. Children are
// not concerned: they reset their signals before execve.
class Foreground {
 public:
  static base::Result<Foreground> begin();

  // Passes signals on (SIGWINCH resizes, SIGURG and SIGCHLD stay here), copies between our standard
  // descriptors and the terminal if the process has one, and reaps what else ends, until the
  // process ends: its exit status, 128 + n for signal n. `console`: where the terminal's master
  // arrives; empty without a terminal. `notifier`: what the process tells a service manager.
  base::Result<int> relay(Child& process, base::Fd console,
                          std::optional<Notifier> notifier = std::nullopt);

 private:
  explicit Foreground(base::Fd signals) : signals_(std::move(signals)) {}
  base::Fd signals_;
};

}  // namespace container
