#include "apply/host_mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>
#include <vector>

#include "fs/mountinfo.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {

using base::FdRef;
using base::Status;

Status make_parent_private(const std::string& path) {
  // By descriptors: a link in the path leads elsewhere than the path without its last name.
  constexpr int kDeepest = PATH_MAX / 2;
  auto at = TRY(sys::openat(FdRef::cwd(), path, O_PATH | O_DIRECTORY));
  for (int level = 0;; ++level) {
    auto done = sys::mount_setattr(at, {.propagation = MS_PRIVATE}, false);
    // EINVAL: this directory is no mount's root; one above it is.
    if (done || done.error().code() != EINVAL || level == kDeepest) return done;
    at = TRY(sys::openat(at, "..", O_PATH | O_DIRECTORY));
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

// The mounts that do not belong to the container's tree.
base::Result<std::vector<fs::MountRow>> rows_outside(FdRef root) {
  auto own = TRY(sys::mount_id(root, "", AT_EMPTY_PATH));
  auto rows = TRY(fs::read_mountinfo());
  std::vector<fs::MountRow> out;
  std::ranges::copy_if(rows, std::back_inserter(out),
                       [&](const fs::MountRow& row) { return !holds(own, row, rows); });
  return out;
}

}  // namespace

Status leave_host_mounts(FdRef root) {
  auto rows = TRY(rows_outside(root));
  for (const auto& row : rows) {
    if (row.propagation.find("shared:") == row.propagation.npos) continue;
    auto left = sys::mount_setattr_at(row.mount_point, {.propagation = MS_SLAVE}, false);
    // What lies below another mount is out of everybody's reach.
    if (!left && left.error().code() != ENOENT && left.error().code() != EINVAL)
      return std::move(left).error().in(base::quote(row.mount_point));
  }
  return {};
}

Status hide_kernel_file_systems(FdRef root) {
  auto rows = TRY(rows_outside(root));
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
