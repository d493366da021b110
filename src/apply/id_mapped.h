// Mounts that show other owners than their file system has.
#pragma once
#include "base/fd.h"
#include "base/result.h"
#include "plan/mounts.h"

namespace apply {

// Gives the detached tree of a bind mount its id mapping. A short-lived child process makes the
// user namespace that carries it, unless the plan names one. Unsupported where the file system
// cannot do it. spec: config.md#linux-mount-options (idmap, ridmap)
// man: mount_setattr(2), MOUNT_ATTR_IDMAP, Linux 5.12
base::Status map_ids(base::FdRef tree, const plan::BindMount& bind);

}  // namespace apply
