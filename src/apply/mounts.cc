#include "apply/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "apply/file_system.h"
#include "apply/id_mapped.h"
#include "apply/mount_target.h"
#include "base/kernel.h"
#include "fs/root.h"
#include "fs/tree.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {
namespace {

using base::cat;
using base::quote;

Result<std::uint64_t> atime_kind(FdRef mount) {
  auto stat = TRY(sys::fstatfs(mount));
  auto flags = static_cast<unsigned long>(stat.f_flags);
  if (flags & ST_NOATIME) return std::uint64_t{MOUNT_ATTR_NOATIME};
  if (flags & ST_RELATIME) return std::uint64_t{MOUNT_ATTR_RELATIME};
  return std::uint64_t{MOUNT_ATTR_STRICTATIME};
}

// Nothing, or the error, unless it says that the kernel keeps a flag locked.
Status unless_locked(Status done) {
  if (!done && done.error().code() == EPERM) return {};
  return done;
}

// Each part for itself: what is set must be set, what cannot be cleared stays.
// man: mount_namespaces(7), restrictions on mount namespaces
Status change_around_locks(FdRef mount, const plan::MountChange& change) {
  std::uint64_t atime = MOUNT_ATTR__ATIME;
  if (auto set = change.set & ~atime; set || change.propagation)
    TRY(sys::mount_setattr(mount, {.set = set, .propagation = change.propagation},
                           change.recursive));
  for (std::uint64_t bit = 1; bit <= MOUNT_ATTR_NOSYMFOLLOW; bit <<= 1)
    if (change.clear & ~atime & bit)
      TRY(unless_locked(sys::mount_setattr(mount, {.clear = bit}, change.recursive)));
  if (change.clear & atime)
    TRY(unless_locked(
        sys::mount_setattr(mount, {.set = change.set & atime, .clear = atime}, change.recursive)));
  return {};
}

Status change_once(FdRef mount, const plan::MountChange& change) {
  if (change.only_if_atime) {
    auto kind = TRY(atime_kind(mount));
    if (kind != change.only_if_atime) return {};
  }
  auto done = sys::mount_setattr(
      mount, {.set = change.set, .clear = change.clear, .propagation = change.propagation},
      change.recursive);
  if (!done && done.error().code() == EPERM && change.clear)
    return change_around_locks(mount, change);
  return done;
}

Result<Fd> source_in_root(FdRef root, const plan::BindMount& bind) {
  auto found = TRY(fs::open_in(root, bind.source, O_PATH), "bind source ", quote(bind.source),
                   " in the root file system");
  auto tree = TRY(sys::open_tree(
      found, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | (bind.recursive ? AT_RECURSIVE : 0U)));
  TRY(change_mount(tree, bind.changes));
  TRY(map_ids(tree, bind));
  return tree;
}

// A copy of init's own, where it can go there: in a user namespace that keeps what the host has
// covered covered, and read-only what is, while the runtime's copy could be uncovered by whoever
// has CAP_SYS_ADMIN. man: mount_namespaces(7), "Restrictions on mount namespaces"
Result<Fd> source_of(FdRef root, const plan::BindMount& bind, Fd given) {
  if (given && bind.id_mapped != plan::IdMapped::No) return given;
  if (!given && bind.source_at == plan::SourceAt::Rootfs) return source_in_root(root, bind);
  auto own = open_source(bind);
  if (!own && given) return given;
  return own;
}

Result<Fd> make_bind(FdRef root, const plan::MountOp& op, const plan::BindMount& bind, Fd given) {
  auto source = TRY(source_of(root, bind, std::move(given)));
  if (bind.of_procfs) {
    auto stat = TRY(sys::fstatfs(source));
    if (stat.f_type != base::kernel::kProcMagic)
      return base::config_error("only a procfs may be mounted on /proc, but ", quote(bind.source),
                                " is none");
  }
  auto target = TRY(mount_target(root, op.target, source, TargetLinks::Followed));
  TRY(sys::move_mount(source, target.fd));
  return source;
}

bool leaves_mode_open(const plan::NewMount& mount) {
  return mount.type == "tmpfs" &&
         std::ranges::none_of(mount.data, [](const auto& o) { return o.key == "mode"; });
}

Status copy_up(FdRef from, FdRef to) {
  auto source = TRY(sys::openat(from, ".", O_RDONLY | O_DIRECTORY));
  auto target = TRY(sys::openat(to, ".", O_RDONLY | O_DIRECTORY));
  return fs::copy_tree(source, target);
}

Result<Fd> make_new(FdRef root, const plan::MountOp& op, const plan::NewMount& mount) {
  auto links = mount.ordinary_directory ? TargetLinks::Refused : TargetLinks::Followed;
  auto target = TRY(mount_target_dir(root, op.target, links));
  if (needs_classic_mount(mount)) {
    TRY(classic_mount(mount, target.fd));
    // The descriptor names what lies below.
    auto tree = TRY(fs::open_in(root, op.target, O_PATH));
    TRY(change_mount(tree, mount.changes));
    return tree;
  }
  std::string mode;
  // compat: a tmpfs over a directory of the image looks like it, as with other runtimes.
  if (!target.made && leaves_mode_open(mount)) {
    auto stat = TRY(sys::fstat(target.fd));
    mode = base::octal(stat.st_mode & 07777);
  }
  auto tree = TRY(make_file_system(mount, mode));
  if (mount.copy_up) TRY(copy_up(target.fd, tree), "tmpcopyup");
  TRY(change_mount(tree, mount.changes));
  TRY(sys::move_mount(tree, target.fd));
  return tree;
}

Status make_link(FdRef root, const plan::MountOp& op, const plan::MakeLink& link) {
  auto parent = TRY(fs::make_parent_in(root, op.target, 0755));
  return sys::symlinkat(link.target, parent.dir, parent.name);
}

Status remount(FdRef root, const plan::MountOp& op, const plan::Remount& what) {
  auto mount = TRY(fs::open_in(root, op.target, O_PATH));
  TRY(reconfigure(mount, what));
  return change_mount(mount, what.changes);
}

std::string intent(const plan::MountOp& op) {
  auto on = cat(" on ", quote("/" + op.target));
  auto words = std::visit(
      base::each{[](const plan::BindMount& m) { return cat("bind ", quote(m.source)); },
                 [](const plan::NewMount& m) { return cat("mount ", m.type); },
                 [](const plan::Remount&) { return std::string("remount"); },
                 [](const plan::MakeLink& l) { return cat("link to ", quote(l.target)); }},
      op.what);
  return cat("mounts[", op.index, "]: ", words, on);
}

}  // namespace

Status change_mount(FdRef mount, const std::vector<plan::MountChange>& changes) {
  for (const auto& change : changes) TRY(change_once(mount, change));
  return {};
}

Result<Fd> open_host_tree(const std::string& path, bool recursive, const std::string& what) {
  auto tree = sys::open_tree(FdRef::cwd(), path, OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0U));
  if (!tree && tree.error().code() == ENOENT)
    return base::Error(base::Kind::Config, ENOENT,
                       cat(what, " ", quote(path), ": no such file or directory"));
  return TRY(std::move(tree), what, " ", quote(path));
}

Result<Fd> open_host_node(const std::string& path) {
  auto node = TRY(open_host_tree(path, false, "device"));
  TRY(sys::mount_setattr(node, {.propagation = MS_PRIVATE}, false));
  return node;
}

Result<Fd> open_source(const plan::BindMount& bind) {
  auto tree = TRY(open_host_tree(bind.source, bind.recursive, "bind source"));
  TRY(change_mount(tree, bind.changes));
  TRY(map_ids(tree, bind));
  return tree;
}

Result<Fd> make_mount(FdRef root, const plan::MountOp& op, Fd source) {
  auto done = std::visit(base::each{[&](const plan::BindMount& m) {
                                      return make_bind(root, op, m, std::move(source));
                                    },
                                    [&](const plan::NewMount& m) { return make_new(root, op, m); },
                                    [&](const plan::Remount& m) -> Result<Fd> {
                                      TRY(remount(root, op, m));
                                      return Fd();
                                    },
                                    [&](const plan::MakeLink& l) -> Result<Fd> {
                                      TRY(make_link(root, op, l));
                                      return Fd();
                                    }},
                         op.what);
  if (!done) return std::move(done).error().in(intent(op));
  return done;
}

}  // namespace apply
