// What state a container is in, found out anew each time.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "container/record.h"
#include "fs/proc.h"
#include "spec/state.h"

namespace container {

// A pidfd of init, if it lives and is the very process of the record (a pid passes on to others).
base::Result<std::optional<base::Fd>> open_init(const Saved& saved, const fs::Proc& proc);

// creating: another process is at `create`. created: init waits on exec.fifo. paused: its cgroup is
// frozen.
base::Result<spec::Status> status_of(const Record& record, const fs::Proc& proc);

spec::State state_of(const Saved& saved, spec::Status status);

// Without links and "..", from the root. man: realpath(3)
base::Result<std::string> absolute_path(const std::string& path);

// The pid in decimal and nothing else (callers parse it untrimmed), there whole or not at all.
base::Status write_pid_file(const std::string& path, pid_t pid);

}  // namespace container
