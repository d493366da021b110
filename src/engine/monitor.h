// conmon: the process that stays with a container, holds its streams, writes its log, and says how
// it ended. man: conmon(8)
#pragma once
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

struct Monitored {
  ProcessId monitor{};
  ProcessId init{};
};

// Has the container created, with a monitor. What `held` holds stays with the monitor. When init
// ends, the monitor becomes `engine … finish ID`. An error is the runtime's own, with its kind.
base::Result<Monitored> start_monitor(const Context& context, const Container& container,
                                      const std::vector<base::Fd>& held);

// Ends the monitor of a start that did not come to its end.
void kill_monitor(const Context& context, const Container& container);

// How init ended, as the monitor says; nothing when it does not.
struct Exit {
  int code = 0;
  bool out_of_memory = false;
};
std::optional<Exit> exit_of(const Container& container);
// Waits until it does, or ends, at most so long.
base::Status await_exit(const Container& container, base::FdRef monitor, int milliseconds);

}  // namespace engine
