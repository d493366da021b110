// What a container may use, changed while it runs or rests.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "engine/volume_command.h"

namespace engine {

// New limits, in force at once where it runs and kept for each start; a new restart policy. On
// failure everything is as before.
base::Status update(const Context& context, Container& container, const UpdateCommand& command);

}  // namespace engine
