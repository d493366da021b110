// A container's life: started, stopped, finished, removed.
#pragma once
#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// What is done between create and start: attaching, say.
using BeforeStart = std::function<base::Status()>;

// Mounts its root file system, has it created with a monitor, connects it, starts it. The container
// is locked by the caller. On failure all is undone, and the record says why.
base::Status start(const Context& context, Container& container, const BeforeStart& before = {});

// After its end: the record gets the exit code, networks, mounts and the runtime's record go; then
// its restart policy, or --rm. Nothing to do for one that is finished already, or has been started
// again since `run`. Not locked by the caller.
base::Status finish(const Context& context, Container& container, std::uint32_t run);

// Where a start was killed when its process ran already: the record says so now; when it was
// created only, that is undone. The first for one that is locked, the other for one that is not:
// while a start is under way that does nothing.
base::Status take_over(const Context& context, Container& container);
base::Status settle_start(const Context& context, Container& container);

// What settle_start does. Where its process has ended, waits until its monitor has noted that, or
// finishes it if the monitor is gone: that was killed, or the machine restarted; so was who would
// have started it again, when it stays ended. No policy starts it again by this.
base::Status settle(const Context& context, Container& container);

// Its stop signal; after so many seconds (by default its own) SIGKILL; waits until it is finished.
base::Status stop(const Context& context, Container& container,
                  std::optional<std::uint32_t> seconds = {});
// stop and start. --rm does not remove it between them.
base::Status restart(const Context& context, Container& container,
                     std::optional<std::uint32_t> seconds = {});
// A signal by name or number, to init. SIGKILL by hand is a stop, too.
base::Status kill(const Context& context, Container& container, const std::string& signal);
base::Status pause(const Context& context, Container& container);
base::Status unpause(const Context& context, Container& container);

// One that does not run, or with `force` any; with its anonymous volumes where that is asked for.
struct RemoveOptions {
  bool force = false;
  bool volumes = false;
};
base::Status remove(const Context& context, Container& container, const RemoveOptions& options);

// Waits until it does not run (any more); its exit code. Also of one that is removed meanwhile.
base::Result<int> wait_for_end(const Context& context, Container& container);

}  // namespace engine
