#include "apply/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "apply/device_nodes.h"
#include "apply/host_mounts.h"
#include "apply/masks.h"
#include "apply/mounts.h"
#include "base/kernel.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {
namespace {

using base::cat;
using base::quote;

// Descriptors are limited (RLIMIT_NOFILE, mostly 1024): what is more is left to init.
constexpr std::size_t kMostSources = 500;

// What is left to init, which opens it by path, is not there yet; but what does not exist is said
// at once.
Result<Fd> left_to_init(const std::string& path, std::string_view what) {
  auto found = sys::fstatat(FdRef::cwd(), path, 0);
  if (!found && found.error().code() == ENOENT)
    return base::Error(base::Kind::Config, ENOENT,
                       cat(what, " ", quote(path), ": no such file or directory"));
  return Fd();
}

// What the runtime is not permitted to open, init is, being root in its namespaces.
Result<Fd> unless_permitted(Result<Fd> opened, const std::string& path, std::string_view what) {
  if (opened || opened.error().code() != EPERM) return opened;
  return left_to_init(path, what);
}

Result<Fd> open_root(const plan::RootfsPlan& plan) {
  auto tree = TRY(open_host_tree(plan.path, true, "root.path"));
  TRY(sys::mount_setattr(tree, {.propagation = plan.tree_propagation}, true));
  return tree;
}

// Puts the tree on its own path, or, where init may not go (EACCES for the root of a user
// namespace), over "/".
Status attach_root(const plan::RootfsPlan& plan, PreparedRootfs& prepared) {
  if (plan.new_mount_namespace && !plan.host_propagation)
    TRY(make_parent_private(plan.path), "make what holds the root file system private");
  auto place = sys::openat(FdRef::cwd(), plan.path, O_PATH | O_DIRECTORY);
  if (!place && place.error().code() == EACCES) {
    prepared.over_root = true;
    place = sys::openat(FdRef::cwd(), "/", O_PATH | O_DIRECTORY);
  }
  auto target = TRY(std::move(place));
  TRY(sys::move_mount(prepared.root, target));
  if (plan.new_mount_namespace) return {};
  return sys::mount_setattr(prepared.root, {.propagation = MS_PRIVATE}, true);
}

Status make_mounts(const plan::RootfsPlan& plan, PreparedRootfs& prepared) {
  prepared.sources.resize(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); i++) {
    const auto& op = plan.mounts[i];
    auto tree = TRY(make_mount(prepared.root, op, std::move(prepared.sources[i])));
    auto* fresh = std::get_if<plan::NewMount>(&op.what);
    bool at_last = fresh && fresh->read_only_at_last;
    if (op.target.empty() && tree) {
      // From here on the mount is the root; what it covers is out of reach.
      if (at_last) prepared.read_only_at_last.push_back(TRY(sys::duplicate(tree)));
      prepared.root = std::move(tree);
    } else if (at_last) {
      prepared.read_only_at_last.push_back(std::move(tree));
    }
  }
  return {};
}

}  // namespace

Result<PreparedRootfs> prepare_rootfs(const plan::RootfsPlan& plan) {
  PreparedRootfs out;
  out.root = TRY(unless_permitted(open_root(plan), plan.path, "root.path"));
  // What the first call was refused, all are.
  bool permitted = static_cast<bool>(out.root);
  out.sources.resize(plan.mounts.size());
  std::size_t open = 0;
  for (std::size_t i = 0; i < plan.mounts.size(); i++) {
    auto* bind = std::get_if<plan::BindMount>(&plan.mounts[i].what);
    if (!bind || bind->source_at == plan::SourceAt::Init ||
        bind->source_at == plan::SourceAt::Rootfs)
      continue;
    bool here = bind->source_at == plan::SourceAt::Runtime &&
                (++open <= kMostSources || bind->id_mapped != plan::IdMapped::No);
    auto source = here ? unless_permitted(open_source(*bind), bind->source, "bind source")
                       : left_to_init(bind->source, "bind source");
    out.sources[i] = TRY(std::move(source), "mounts[", plan.mounts[i].index, "]");
  }
  out.devices.resize(plan.devices.size());
  for (std::size_t i = 0; i < plan.devices.size() && permitted; i++)
    if (plan.devices[i].bind)
      out.devices[i] = TRY(open_device(plan.devices[i]), plan.devices[i].what);
  if (permitted && !plan.masked_paths.empty()) out.null = TRY(open_null());
  return out;
}

Status build_rootfs(const plan::RootfsPlan& plan, PreparedRootfs& prepared) {
  sys::umask(0);
  if (plan.host_propagation)
    TRY(sys::mount_setattr_at("/", {.propagation = plan.host_propagation}, true));
  if (!prepared.root) prepared.root = TRY(open_root(plan));
  TRY(attach_root(plan, prepared), "root.path ", quote(plan.path));
  TRY(make_mounts(plan, prepared));
  TRY(make_devices(prepared.root, plan.devices, prepared.devices));
  TRY(make_links(prepared.root, plan.links));
  if (!prepared.null && !plan.masked_paths.empty()) prepared.null = TRY(open_null());
  return {};
}

Status enter_rootfs(const plan::RootfsPlan& plan, PreparedRootfs& prepared) {
  TRY(sys::fchdir(prepared.root));
  switch (plan.entry) {
    case plan::Entry::Pivot:
      return pivot(plan.host_propagation == 0);
    case plan::Entry::Move:
      if (plan.host_propagation == 0) TRY(leave_host_mounts(prepared.root));
      TRY(hide_kernel_file_systems(prepared.root));
      if (!prepared.over_root) {
        auto top = TRY(sys::openat(FdRef::cwd(), "/", O_PATH | O_DIRECTORY));
        TRY(sys::move_mount(prepared.root, top));
      }
      break;
    case plan::Entry::Chroot:
      break;
  }
  TRY(sys::chroot("."));
  return sys::chdir("/");
}

Status finish_rootfs(const plan::RootfsPlan& plan, PreparedRootfs& prepared) {
  for (const auto& path : plan.readonly_paths)
    TRY(make_read_only(prepared.root, path), "linux.readonlyPaths ", quote("/" + path));
  TRY(mask_paths(prepared.root, plan.masked_paths, std::move(prepared.null), plan.mask_label));
  for (const auto& tree : prepared.read_only_at_last)
    TRY(sys::mount_setattr(tree, {.set = MOUNT_ATTR_RDONLY}, false));
  sys::MountAttributes root{.propagation = plan.root_propagation};
  if (plan.readonly) root.set = MOUNT_ATTR_RDONLY;
  bool split = root.set && root.propagation && plan.root_propagation_recursive;
  if (split) {
    TRY(sys::mount_setattr(prepared.root, {.set = root.set}, false), "root.readonly");
    root.set = 0;
  }
  if (root.set || root.propagation)
    TRY(sys::mount_setattr(prepared.root, root, root.set == 0 && plan.root_propagation_recursive));
  return {};
}

Status bind_console(FdRef root, FdRef slave) {
  auto kind = TRY(sys::fstatfs(slave));
  if (kind.f_type != base::kernel::kDevptsMagic)
    return base::system_error("the terminal is not of a devpts");
  auto dev = TRY(fs::make_dirs_in(root, "dev", 0755));
  auto target =
      sys::openat(dev, "console", O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (!target && target.error().code() == EEXIST)
    target = sys::openat(dev, "console", O_PATH | O_NOFOLLOW);
  auto place = TRY(std::move(target), "/dev/console");
  auto st = TRY(sys::fstat(place));
  if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
    return base::config_error("\"/dev/console\" is neither a file nor a device, but of mode ",
                              base::octal(st.st_mode));
  auto tree = TRY(sys::open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH), "/dev/console");
  TRY(sys::move_mount(tree, place), "/dev/console");
  return {};
}

Status detach_rootfs(const std::string& path) {
  auto done = sys::umount(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  if (!done && (done.error().code() == EINVAL || done.error().code() == ENOENT)) return {};
  return done;
}

}  // namespace apply
