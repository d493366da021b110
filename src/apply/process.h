// Makes a process what the plan says: some of it from the runtime, the rest by the process itself.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "fs/proc.h"
#include "plan/process.h"

namespace apply {

// From the runtime, which has the rights that the container may lack, on a process that waits.
// oom_score_adj, scheduler, io priority, and hard resource limits that are to be raised: what a
// user namespace has no right to. spec: config.md#linux-process
base::Status adjust_process(const plan::Process& plan, pid_t pid, const fs::Proc& proc);
// The scheduler, where it is of a real-time class: of a process that is in its cgroups already, for
// one of such a class may not enter a v1 group that has no real time (yet).
base::Status make_real_time(const plan::Process& plan, pid_t pid);

// By the process itself, in the container, in this order.

// Gives regular files, pipes and sockets among the standard descriptors to the container's user,
// never devices such as the host's /dev/null.
base::Status own_standard_descriptors(const plan::Process& plan);
// The working directory, which has to be inside the container. cve: 2024-21626
base::Status enter_cwd(const plan::Process& plan);
// Securebits, bounding set, groups, group, user; capabilities stay as they were until
// set_capabilities().
base::Status become_user(const plan::Process& plan);
// The resource limits: late, for everything after works under them.
base::Status set_limits(const plan::Process& plan);
base::Status set_capabilities(const plan::Process& plan);

// The file that args[0] means, found in PATH of the container's environment when it has no slash.
// Errors have the shapes that callers tell 126 and 127 from: exec: "x": executable file not found
// in $PATH
base::Result<std::string> find_executable(const plan::Process& plan);

// The environment, HOME filled in from the container's /etc/passwd when it is absent.
std::vector<std::string> environment(const plan::Process& plan);

}  // namespace apply
