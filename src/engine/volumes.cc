#include "engine/volumes.h"

namespace engine {

void remove_anonymous_volumes(const Context&, const Record&) {}

}  // namespace engine
