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

// The data folder, made, and closed to others: what images and volumes hold is not everybody's, and
// least of all a program with the set-user-id bit. Who cannot have it learns so when he needs it.
// cve: 2021-41091
base::Status make_data_private(const Places& places);

}  // namespace engine
