// A container made of an image, or of a folder.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "engine/make_command.h"

namespace engine {

// Fetches the image where that is needed, claims name and id, makes bundle and configuration. The
// container is Created, and not locked. On failure nothing is left.
base::Result<Container> make_container(const Context& context, const MakeCommand& command);

}  // namespace engine
