// The last steps of every process of a container, of init and of exec alike: from its terminal to
// execve.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "fs/proc.h"
#include "plan/process.h"
#include "plan/seccomp.h"

namespace container {

// What execve will get.
struct Program {
  std::string path{};
  std::vector<std::string> args{};
  std::vector<std::string> env{};
};

// What the runtime says before the process may begin.
struct Orders {
  std::string text{};        // of Go: the state, for hooks
  std::string agent_text{};  // for the seccomp agent, if there is one
};
base::Result<Orders> await_go(base::FdRef channel, bool has_agent);

// Of init the terminal is also bound to /dev/console.
enum class Console { Bound, Unbound };
// A terminal of its own, whose master goes to `console`; or, without one, the caller's descriptors,
// made the user's.
base::Status set_up_streams(const plan::Process& plan, std::optional<base::FdRef> console,
                            Console kind);

// Becomes the planned process up to its capabilities, which the filter may still need, and finds
// the program. From here on no privilege of the runtime is left but those, and no descriptor but
// the caller's and `kept`: sockets and fifos, for by a directory a link in the image leads to the
// host. cve: 2024-21626
base::Result<Program> settle(const plan::Process& plan, const fs::Proc& proc,
                             const std::vector<base::FdRef>& kept);

// Closes what the caller does not want kept, but these.
base::Status close_all_but(const std::vector<base::FdRef>& kept, int preserve_fds);

// Capabilities, filter, execve: returns only the error. `agent` with the text for it: where a
// listener goes.
base::Error execute(const plan::Process& plan, const std::optional<plan::SeccompPlan>& filter,
                    const Program& program, std::optional<base::FdRef> agent,
                    const std::string& agent_text);

// Sends the master of a terminal, as its name with the descriptor. compat: runc's console socket
// protocol
base::Status send_console(base::FdRef console, base::FdRef master);

}  // namespace container
