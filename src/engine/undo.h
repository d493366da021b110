// What start makes, and how it is undone, however far it came.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// Mounts its root file system, unless that is the user's folder.
base::Status mount_root(const Container& container);

// Undoes all that start makes: the runtime's record, networks, mounts, the run folder. Goes on
// after what fails.
void undo(const Context& context, Container& container);
// The same after a start that failed, or whose engine was killed: its monitor may still be there.
void undo_unfinished(const Context& context, Container& container);

// Removes a container of which no start is left to be undone; with the volumes that nobody named
// where that is asked for.
base::Status forget(const Context& context, Container& container, bool volumes);

}  // namespace engine
