// What a container is really doing, whatever its record says.
#pragma once
#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"

namespace engine {

// This process now, to be known again later.
base::Result<ProcessId> identify(pid_t pid);
// A pidfd if that very process still lives; `boot` is the record's.
base::Result<std::optional<base::Fd>> open_process(const ProcessId& process,
                                                   const std::string& boot);
// Of this boot of the machine. man: proc(5), random/boot_id
base::Result<std::string> boot_id();

// Waits until it has ended; false when the time is over first.
base::Result<bool> wait_process(base::FdRef pidfd, int milliseconds);

// That of the record where it still holds; Exited when its process is gone and so is its monitor,
// who would have noted it or started it again (it was killed, the machine restarted).
base::Result<Phase> phase_now(const Container& container);

// Whether it runs and has lost its monitor: its output goes nowhere, nobody will note its end.
base::Result<bool> lost_monitor(const Container& container, Phase phase);

// "Up 5 minutes (Paused)", "Exited (0) 2 hours ago", "Created". compat: docker ps
std::string describe(const Record& record, Phase phase, std::int64_t now);
// "5 minutes", "2 hours", "Less than a second". compat: docker
std::string show_span(std::int64_t seconds);

}  // namespace engine
