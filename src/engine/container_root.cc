#include "engine/container_root.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "engine/bundle_config.h"
#include "engine/phase.h"
#include "fs/root.h"
#include "image/overlay_bundle.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using Status = base::Status;

constexpr int kReadFolder = O_RDONLY | O_DIRECTORY;

bool has(const spec::Mount& mount, std::string_view option) {
  return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

// From here on what we mount is ours alone, and goes with us.
Status leave_mounts() {
  TRY(sys::unshare(CLONE_NEWNS));
  return sys::mount_setattr_at("/", {.propagation = MS_PRIVATE}, true);
}

Status bind(FdRef root, const spec::Mount& mount) {
  bool recursive = has(mount, "rbind");
  auto tree =
      sys::open_tree(FdRef::cwd(), mount.source,
                     OPEN_TREE_CLONE | (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0));
  // What is not there at present, its start would miss as well.
  if (!tree && tree.error().code() == ENOENT) return {};
  auto from = TRY(std::move(tree));
  auto st = TRY(sys::fstat(from));
  auto place = S_ISDIR(st.st_mode) ? fs::make_dirs_in(root, mount.destination, 0755)
                                   : fs::make_file_in(root, mount.destination, 0644);
  auto to = TRY(std::move(place));
  if (has(mount, "ro")) TRY(sys::mount_setattr(from, {.set = MOUNT_ATTR_RDONLY}, recursive));
  return sys::move_mount(from, to);
}

}  // namespace

Result<Fd> root_of_running(const Container& container) {
  const auto& state = container.record.state;
  auto init = TRY(open_process(state.init, state.boot));
  if (!init) return base::state_error("container ", container.record.name, " is not running");
  auto root =
      TRY(sys::openat(FdRef::cwd(), base::cat("/proc/", state.init.pid, "/root"), kReadFolder));
  // The pid may have passed on to another process before it was opened.
  auto still = TRY(open_process(state.init, state.boot));
  if (!still) return base::state_error("container ", container.record.name, " is not running");
  return root;
}

Result<Fd> root_file_system(const Context& context, const Container& container) {
  if (!container.record.rootfs) {
    auto bundle = TRY(image::OverlayBundle::open(container.bundle()));
    bool there = TRY(bundle.mounted());
    if (!there) {
      TRY(leave_mounts());
      // What was opened before is of the mounts that were left.
      bundle = TRY(image::OverlayBundle::open(container.bundle()));
      auto store = TRY(image::Store::open(bundle.record().store));
      context.tell("mount " + container.rootfs() + " for this process");
      TRY(bundle.mount(store));
    }
  }
  return sys::openat(FdRef::cwd(), container.rootfs(), kReadFolder);
}

Result<Fd> root_of_stopped(const Context& context, const Container& container) {
  auto config = TRY(read_bundle_config(container));
  std::vector<spec::Mount> binds;
  for (const auto& mount : config.mounts)
    if (has(mount, "bind") || has(mount, "rbind")) binds.push_back(mount);
  if (!binds.empty()) TRY(leave_mounts());
  auto root = TRY(root_file_system(context, container));
  for (const auto& mount : binds) TRY(bind(root, mount), "mount ", mount.destination);
  return root;
}

}  // namespace engine
