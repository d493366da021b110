// Init: what the container's first process does, from its first instruction to execve, as a flat
// list.
#pragma once
#include <optional>
#include <string>

#include "apply/rootfs.h"
#include "base/fd.h"
#include "fs/proc.h"
#include "plan/make.h"

namespace container {

// Everything that init inherits.
struct InitContext {
  const plan::Plan& plan;
  apply::PreparedRootfs& rootfs;
  const fs::Proc& proc;                // of the host: the container's may be anything
  base::FdRef channel;                 // to the runtime
  base::FdRef exec_fifo;               // open for reading and writing, so that it never ends
  base::FdRef exec_reply;              // the same
  std::optional<base::FdRef> console;  // gets the master of the terminal
  std::optional<base::FdRef> agent;    // gets the seccomp listener
  base::Status entered{};              // what failed on the way here, to be reported
};

// Reports every failure on the channel, or after Ready on exec_reply. Ends in execve or _exit.
[[noreturn]] void run_init(const InitContext& context);

}  // namespace container
