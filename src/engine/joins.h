// Namespaces of other containers, joined anew at each start.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// Writes the paths of the namespaces of record.joins, and of NetworkMode::Container, into the
// bundle's config.json. Kind::State when such a container does not run.
base::Status write_joins(const Context& context, const Container& container);

}  // namespace engine
