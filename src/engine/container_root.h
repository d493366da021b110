// The files of a container, as a descriptor below which everything is resolved.
// cve: 2018-15664, 2019-14271: nothing in it may be reached but by fs/root.h, and no program be run
#pragma once
#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// What its processes see as "/", with all that is mounted there. The container runs.
base::Result<base::Fd> root_of_running(const Container& container);

// Its root file system alone, as the image and the container made it, without volumes. One that
// does not run is mounted for this process only, which has a mount namespace of its own then; the
// caller keeps the container locked.
base::Result<base::Fd> root_file_system(const Context& context, const Container& container);

// The same, with its volumes and bound files mounted, for one that does not run.
base::Result<base::Fd> root_of_stopped(const Context& context, const Container& container);

}  // namespace engine
