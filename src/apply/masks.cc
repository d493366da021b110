#include "apply/masks.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <utility>

#include "apply/labels.h"
#include "apply/mounts.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {
namespace {

using base::Fd;
using base::FdRef;
using base::quote;
using base::Result;
using base::Status;

// One mount to be put in many places: the first use takes the mount itself, later ones copies of it
// (a copy can only be made of what is attached).
class Cover {
 public:
  explicit Cover(Fd tree = {}) : tree_(std::move(tree)) {}
  explicit operator bool() const { return static_cast<bool>(tree_); }
  Status put(FdRef target) {
    if (!used_) {
      TRY(sys::move_mount(tree_, target));
      used_ = true;
      return {};
    }
    auto copy = TRY(sys::open_tree(tree_, "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
    return sys::move_mount(copy, target);
  }

 private:
  Fd tree_{};
  bool used_ = false;
};

Result<Fd> empty_directory(const std::string& label) {
  auto context = TRY(sys::fsopen("tmpfs"));
  TRY(sys::fsconfig_string(context, "size", "0"));
  // Kernels of 2020 want room for one inode besides the root.
  TRY(sys::fsconfig_string(context, "nr_inodes", "2"));
  TRY(sys::fsconfig_string(context, "mode", "755"));
  if (!label.empty()) TRY(give_label(context, label));
  TRY(sys::fsconfig_flag(context, "ro"));
  TRY(sys::fsconfig_create(context));
  return sys::fsmount(context,
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

Status mask(FdRef root, const std::string& path, Cover& file, Cover& directory,
            const std::string& label) {
  auto target = fs::open_in(root, path, O_PATH);
  if (!target && (target.error().code() == ENOENT || target.error().code() == ENOTDIR)) return {};
  if (!target) return std::move(target).error();
  auto stat = TRY(sys::fstat(target.value()));
  if (!S_ISDIR(stat.st_mode)) return file.put(target.value());
  if (!directory) directory = Cover(TRY(empty_directory(label)));
  return directory.put(target.value());
}

}  // namespace

Result<Fd> open_null() {
  auto tree = TRY(open_host_node("/dev/null"));
  auto stat = TRY(sys::fstat(tree));
  if (!S_ISCHR(stat.st_mode) || stat.st_rdev != ::makedev(1, 3))
    return base::system_error("the host's \"/dev/null\" is not the device 1:3");
  return tree;
}

Status mask_paths(FdRef root, const std::vector<std::string>& paths, Fd null,
                  const std::string& label) {
  Cover file(std::move(null));
  Cover directory;
  for (const auto& path : paths)
    TRY(mask(root, path, file, directory, label), "linux.maskedPaths ", quote("/" + path));
  return {};
}

Status make_read_only(FdRef root, const std::string& path) {
  auto target = fs::open_in(root, path, O_PATH);
  if (!target && (target.error().code() == ENOENT || target.error().code() == ENOTDIR)) return {};
  auto place = TRY(std::move(target));
  auto tree = TRY(sys::open_tree(place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE));
  TRY(sys::mount_setattr(tree, {.set = MOUNT_ATTR_RDONLY}, false));
  return sys::move_mount(tree, place);
}

}  // namespace apply
