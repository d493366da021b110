// Runs hooks.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/hooks.h"

namespace apply {

// One after the other, each with the container's state as JSON on its standard input; the first
// that fails or outlives its time is the error, which holds what it printed. spec:
// config.md#posix-platform-hooks
// `init`: a process without which they are of no use; when it ends they are killed.
base::Status run_hooks(const std::vector<plan::Hook>& hooks, const std::string& state,
                       std::optional<base::FdRef> init = {});

// The same, but a failing hook does not keep the next from running; every failure is given back.
std::vector<base::Error> run_all_hooks(const std::vector<plan::Hook>& hooks,
                                       const std::string& state);

}  // namespace apply
