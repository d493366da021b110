#include "apply/host_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
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

namespace {

// Whether the mount `id` is this row or holds it.
bool holds(std::uint64_t id, const fs::MountRow& row, const std::vector<fs::MountRow>& rows) {
  auto at = row;
  for (std::size_t steps = 0; steps <= rows.size(); steps++) {
    if (at.id == id) return true;
    auto above = std::ranges::find(rows, at.parent, &fs::MountRow::id);
    if (above == rows.end()) return false;
    at = *above;
  }
  return false;
}

}  // namespace

Status hide_kernel_file_systems(FdRef root) {
  auto own = TRY(sys::mount_id(root, "", AT_EMPTY_PATH));
  auto rows = TRY(fs::read_mountinfo());
  for (const auto& row : rows) {
    if ((row.type != "proc" && row.type != "sysfs") || holds(own, row, rows)) continue;
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
