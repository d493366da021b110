#include "apply/host_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <utility>

#include "fs/mountinfo.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {

using base::FdRef;
using base::Status;

Status make_parent_private(const std::string& path) {
  // EINVAL: this directory is no mount's root; one above it is.
  for (auto at = path;;) {
    auto done = sys::mount_setattr_at(at.empty() ? "/" : at, {.propagation = MS_PRIVATE}, false);
    if (done || done.error().code() != EINVAL || at.empty() || at == "/") return done;
    at.erase(at.find_last_of('/'));
  }
}

Status pivot(bool shared) {
  base::Fd old;
  if (shared) old = TRY(sys::openat(FdRef::cwd(), "/", O_PATH | O_DIRECTORY));
  // man: pivot_root(2): with "." for both, the old root comes to lie over the new one.
  TRY(sys::pivot_root(".", "."));
  if (shared) TRY(sys::mount_setattr(old, {.propagation = MS_SLAVE}, true));
  TRY(sys::umount(".", MNT_DETACH));
  return sys::chdir("/");
}

Status hide_kernel_file_systems() {
  auto rows = TRY(fs::read_mountinfo());
  for (const auto& row : rows) {
    if (row.type != "proc" && row.type != "sysfs") continue;
    // A user namespace may be denied to take it away; it may cover it.
    auto gone = sys::umount(row.mount_point, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (gone || gone.error().code() == ENOENT) continue;
    if (gone.error().code() == EINVAL || gone.error().code() == EPERM)
      gone = sys::mount("tmpfs", row.mount_point, "tmpfs", MS_RDONLY, "size=0");
    TRY(std::move(gone), "hide ", base::quote(row.mount_point));
  }
  return {};
}

}  // namespace apply
