#include "image/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <vector>

#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

std::string opaque_name(OverlayAttributes attributes) {
  return attributes == OverlayAttributes::Trusted ? "trusted.overlay.opaque"
                                                  : "user.overlay.opaque";
}

// The whole range of ids, which only the first user namespace maps.
constexpr std::string_view kAllIds = "4294967295";

std::string by_descriptor(FdRef fd) { return base::cat("/proc/self/fd/", fd.raw()); }

// The folder's own path, so that the table of mounts can be read; its descriptor's where the path
// is too long for the kernel, or has signs that overlayfs takes for its own.
std::string shown(FdRef folder) {
  constexpr std::size_t kLongest = 255;  // man: fsconfig(2): a value of 256 bytes, with its end
  auto path = fs::path_of(folder);
  if (!path || path.value().size() > kLongest ||
      path.value().find_first_of(":\\,") != std::string::npos)
    return by_descriptor(folder);
  auto there = sys::openat(FdRef::cwd(), path.value(), O_PATH | O_DIRECTORY);
  auto a = there ? sys::fstat(there.value()) : there.error();
  auto b = sys::fstat(folder);
  bool same =
      a && b && a.value().st_ino == b.value().st_ino && a.value().st_dev == b.value().st_dev;
  return same ? path.value() : by_descriptor(folder);
}

// Linux 6.5: one layer after the other, the topmost first.
Status add_each(FdRef context, std::span<const Fd> lowers) {
  for (auto i = lowers.size(); i-- > 0;)
    TRY(sys::fsconfig_string(context, "lowerdir+", shown(lowers[i])));
  return {};
}

// Before: all in one value, which is short when the names are numbers in /proc/self/fd.
Status add_all(FdRef context, std::span<const Fd> lowers) {
  std::string names;
  for (auto i = lowers.size(); i-- > 0;)
    names += base::cat(names.empty() ? "" : ":", lowers[i].raw());
  auto here = TRY(sys::openat(FdRef::cwd(), ".", O_PATH | O_DIRECTORY));
  TRY(sys::chdir("/proc/self/fd"));
  auto added = sys::fsconfig_string(context, "lowerdir", names);
  // The names are looked up when the file system is created, by kernels that know no "lowerdir+".
  auto created = added ? sys::fsconfig_create(context) : std::move(added);
  TRY(sys::fchdir(here));
  return created;
}

}  // namespace

Result<OverlayAttributes> overlay_attributes() {
  auto map = TRY(fs::read_file(FdRef::cwd(), "/proc/self/uid_map"));
  bool first = base::trim(map).ends_with(kAllIds);
  return first ? OverlayAttributes::Trusted : OverlayAttributes::User;
}

Result<bool> maps_one_id() {
  for (const auto* map : {"/proc/self/uid_map", "/proc/self/gid_map"}) {
    auto text = TRY(fs::read_file(FdRef::cwd(), map));
    auto words = base::words(text);
    if (words.size() == 3 && words[2] == "1") return true;
  }
  return false;
}

bool is_whiteout(unsigned mode, dev_t device) { return S_ISCHR(mode) && device == makedev(0, 0); }
bool is_whiteout(const struct stat& st) { return is_whiteout(st.st_mode, st.st_rdev); }

Status make_whiteout(FdRef folder, const std::string& name) {
  return sys::mknodat(folder, name, S_IFCHR, makedev(0, 0));
}

Status mark_opaque(FdRef folder, const std::string& name, OverlayAttributes attributes) {
  auto marked = TRY(sys::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return sys::fsetxattr(marked, opaque_name(attributes), "y");
}

Result<bool> is_opaque(FdRef folder, OverlayAttributes attributes) {
  auto value = sys::fgetxattr(folder, opaque_name(attributes));
  if (!value && (value.error().code() == ENODATA || value.error().code() == EOPNOTSUPP))
    return false;
  return TRY(std::move(value)) == "y";
}

Result<Fd> mount_overlay(std::span<const Fd> lowers, const OverlayUpper* upper) {
  auto attributes = TRY(overlay_attributes());
  auto context = TRY(sys::fsopen("overlay"));
  TRY(sys::fsconfig_string(context, "source", "coracle"));
  if (attributes == OverlayAttributes::User) TRY(sys::fsconfig_flag(context, "userxattr"));
  if (upper) {
    TRY(sys::fsconfig_string(context, "upperdir", shown(upper->upper)));
    TRY(sys::fsconfig_string(context, "workdir", shown(upper->work)));
    // What is above must stay plain: it becomes a layer by itself when it is committed.
    if (attributes == OverlayAttributes::Trusted) {
      TRY(sys::fsconfig_string(context, "redirect_dir", "off"));
      TRY(sys::fsconfig_string(context, "metacopy", "off"));
    }
    TRY(sys::fsconfig_string(context, "index", "off"));
    if (!upper->synced) TRY(sys::fsconfig_flag(context, "volatile"));
  }
  auto each = add_each(context, lowers);
  if (!each && each.error().code() == EINVAL)
    TRY(add_all(context, lowers));
  else {
    TRY(std::move(each));
    TRY(sys::fsconfig_create(context));
  }
  return sys::fsmount(context, upper ? 0 : MOUNT_ATTR_RDONLY);
}

Result<Fd> overlay_view(std::span<const Fd> lowers) {
  constexpr int kReadFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  if (lowers.size() == 1) return sys::openat(lowers.front(), ".", kReadFolder);
  auto mount = TRY(mount_overlay(lowers, nullptr));
  return sys::openat(mount, ".", kReadFolder);
}

}  // namespace image
