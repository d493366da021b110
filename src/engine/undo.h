// What start makes, and how it is undone, however far it came.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// Mounts its root file system, unless that is the user's folder.
base::Status mount_root(const Container& container);

// Undoes what start makes: the runtime's record, networks, mounts. Goes on after what fails. The
// run folder stays, which says how the container ended.
void undo(const Context& context, Container& container);
// Follows undo, when the record says so, too.
void drop_run_folder(const Context& context, const Container& container);
// Both after a start that failed, or whose engine was killed: its monitor may still be there.
void undo_unfinished(const Context& context, Container& container);

// Removes a container of which no start is left to be undone; with the volumes that nobody named
// where that is asked for.
base::Status forget(const Context& context, Container& container, bool volumes);

}  // namespace engine
