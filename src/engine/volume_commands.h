// The commands on volumes, and `update`.
#pragma once
#include "base/result.h"
#include "engine/context.h"
#include "engine/volume_command.h"

namespace engine {

base::Result<int> execute(const Context& context, const VolumeCreateCommand& command);
base::Result<int> execute(const Context& context, const VolumeListCommand& command);
base::Result<int> execute(const Context& context, const VolumeInspectCommand& command);
base::Result<int> execute(const Context& context, const VolumeRemoveCommand& command);
base::Result<int> execute(const Context& context, const VolumePruneCommand& command);
base::Result<int> execute(const Context& context, const UpdateCommand& command);

}  // namespace engine
