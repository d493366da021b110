// The runtime program, as this engine calls it.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "programs/run.h"

namespace engine {

using Words = std::vector<std::string>;

// `runtime --root RUN …`, with a log of its own that tells kinds of errors.
programs::Command runtime_command(const Context& context, const std::string& log,
                                  const Words& words);
// The options of these before the command, for who calls the runtime for us.
Words runtime_options(const Context& context, const std::string& log);

// Runs it to its end and gives its standard output. An error is the runtime's own, with its kind.
base::Result<std::string> call_runtime(const Context& context, const Container& container,
                                       const Words& words);

// The last error of a runtime's log: its sentence and kind; `otherwise` where it has none.
base::Error runtime_error(const std::string& log, const std::string& otherwise);

// "RUN/.engine/ID/runtime.log"
std::string runtime_log(const Container& container);

}  // namespace engine
