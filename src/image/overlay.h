// Overlay file systems: the marks by which a layer's folder hides what is below, and the mount.
#pragma once
#include <sys/stat.h>

#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace image {

// Which extended attributes overlayfs reads: trusted.overlay.* takes the host's root, within a user
// namespace it is user.overlay.*, with the mount option userxattr.
enum class OverlayAttributes { Trusted, User };
// What a mount that this process makes will want.
base::Result<OverlayAttributes> overlay_attributes();
// Whether our user namespace maps one user or one group only: then no file can be another's.
base::Result<bool> maps_one_id();

// How overlayfs says that a name of the layers below is not there: a character device 0:0.
bool is_whiteout(const struct stat& st);
bool is_whiteout(unsigned mode, dev_t device);
base::Status make_whiteout(base::FdRef folder, const std::string& name);

// A folder that shows nothing of the layers below. name: "." for the folder itself, which may be
// O_PATH.
base::Status mark_opaque(base::FdRef folder, const std::string& name, OverlayAttributes attributes);
base::Result<bool> is_opaque(base::FdRef folder, OverlayAttributes attributes);

// Where changes go: both folders on one file system.
struct OverlayUpper {
  base::FdRef upper;
  base::FdRef work;
  // Unmounting writes what changed, and all else of that file system, to the disk; without, a loss
  // of power can leave anything (mount option volatile, Linux 5.10).
  bool synced = true;
};

// A detached mount of these folders, the lowest first; without `upper` it is read-only, and wants
// two folders or more. Gives a descriptor for it that is attached by sys::move_mount, or goes with
// its last user.
// Before Linux 6.5, at most as many layers as fit into 255 bytes by descriptor: about 60.
base::Result<base::Fd> mount_overlay(std::span<const base::Fd> lowers, const OverlayUpper* upper);

// All these folders as one, for reading: a folder in itself where there is only one.
base::Result<base::Fd> overlay_view(std::span<const base::Fd> lowers);

}  // namespace image
