// The places that a container's mounts stand on, made without mounting.
#pragma once
#include "base/result.h"
#include "plan/rootfs.h"

namespace container {

// For criu, which mounts only on what is there: a root file system that no container was started in
// lacks them. Those inside of other file systems of the container are in its image; those inside of
// a bind mount are made in its source.
base::Status make_mount_points(const plan::RootfsPlan& plan);

}  // namespace container
