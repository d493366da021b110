// What exec is to run.
#pragma once
#include "base/result.h"
#include "container/exec.h"
#include "spec/config.h"

namespace container {

// The process of --process, or the container's own (config.json) with what the command line
// changes of it; checked as a configuration is. compat: runc exec
base::Result<spec::Process> wanted_process(const ExecOptions& options, const spec::Config& config);

}  // namespace container
