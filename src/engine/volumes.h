// Named volumes: DATA/volumes/NAME/{volume.json, _data}.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

// Those of the container that nobody named, as far as no other container uses them.
void remove_anonymous_volumes(const Context& context, const Record& record);

}  // namespace engine
