// Where everything is.
#pragma once
#include "base/result.h"
#include "engine/cli.h"
#include "engine/context.h"

namespace engine {

// Folders of root or of the user, unless the line names others; the runtime beside this program, or
// in PATH. The environment outlives the context.
base::Result<Context> make_context(const Invocation& invocation, const Environment& environment,
                                   const std::string& self);

}  // namespace engine
