// One mount of the plan, made.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "plan/mounts.h"

namespace apply {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// The changes in order, one call each. What a more privileged namespace has locked stays as it is.
// man: mount_setattr(2), Linux 5.12
Status change_mount(FdRef mount, const std::vector<plan::MountChange>& changes);

// A detached copy of the bind mount's source, with its changes made.
Result<Fd> open_source(const plan::BindMount& bind);

// A detached copy of the mount at a path of the host; EPERM where the caller may not make one.
// what: "bind source" for the error.
Result<Fd> open_host_tree(const std::string& path, bool recursive, const std::string& what);
// The same of a device node, and private: a copy is a peer of a host's mount that is shared, and
// what the container mounts on it would be on the host's node, too.
Result<Fd> open_host_node(const std::string& path);

// Makes a mount below `root` and gives back its tree, which is of use to a caller who makes it
// read-only at last, or whose root it now is (target ""); empty for a remount or a link. `source`:
// the detached tree of a bind mount; when empty, it is opened here.
// The error begins with the entry: `mounts[0]: mount proc on "/proc": …`.
Result<Fd> make_mount(FdRef root, const plan::MountOp& op, Fd source);

}  // namespace apply
