// System calls that make, change and move mounts.
#pragma once
#include <fcntl.h>
#include <sys/mount.h>

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// The mount at a path, as a descriptor. flags: OPEN_TREE_CLONE (a detached copy), with
// AT_RECURSIVE, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. man: open_tree(2), Linux 5.2
Result<Fd> open_tree(FdRef dir, const std::string& path, unsigned flags);
// Attaches a detached (or moves an attached) mount onto the place that `to` names.
// man: move_mount(2), Linux 5.2
Status move_mount(FdRef from, FdRef to);

// man: fsopen(2), Linux 5.2
Result<Fd> fsopen(const std::string& type);
// The superblock of the mount at `to`, to be reconfigured. man: fspick(2), Linux 5.2
Result<Fd> fspick(FdRef to);
// The error carries what the kernel has to say about it (the log of the context).
// man: fsconfig(2), Linux 5.2
Status fsconfig_flag(FdRef context, const std::string& key);
Status fsconfig_string(FdRef context, const std::string& key, const std::string& value);
Status fsconfig_create(FdRef context);
Status fsconfig_reconfigure(FdRef context);
// attributes: MOUNT_ATTR_…  man: fsmount(2), Linux 5.2
Result<Fd> fsmount(FdRef context, std::uint64_t attributes);

struct MountAttributes {
  std::uint64_t set = 0;          // MOUNT_ATTR_…
  std::uint64_t clear = 0;        // MOUNT_ATTR_…
  std::uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0
  int user_namespace = -1;        // for MOUNT_ATTR_IDMAP
};
// On the mount that `mount` names, and with `recursive` on all below it.
// man: mount_setattr(2), Linux 5.12
Status mount_setattr(FdRef mount, const MountAttributes& attributes, bool recursive);
// The same on the mount of this path (it must be a mount's root).
Status mount_setattr_at(const std::string& path, const MountAttributes& attributes, bool recursive);

// man: mount(2); an empty text for `source` or `type` is given as null.
Status mount(const std::string& source, const std::string& target, const std::string& type,
             unsigned long flags, const std::string& data);
// man: umount2(2). flags: MNT_DETACH
Status umount(const std::string& target, int flags);
// man: pivot_root(2)
Status pivot_root(const std::string& new_root, const std::string& put_old);
// man: chroot(2)
Status chroot(const std::string& path);

}  // namespace sys
