#include "container/criu_mounts.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mount.h>

#include "apply/mounts.h"
#include "fs/tree.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

Status attach(FdRef tree, const std::string& place) {
  auto target = TRY(sys::openat(FdRef::cwd(), place, O_PATH));
  return sys::move_mount(tree, target);
}

Status stage(const plan::BindMount& bind, const std::string& place) {
  auto tree = TRY(apply::open_source(bind));
  auto st = TRY(sys::fstat(tree));
  if (S_ISDIR(st.st_mode))
    TRY(sys::mkdirat(FdRef::cwd(), place, 0700));
  else
    TRY(sys::openat(FdRef::cwd(), place, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return attach(tree, place);
}

// The images, with the rights of their owner for root's group, too.
Status open_to_group(const std::string& images) {
  constexpr unsigned kRead = 040;
  constexpr unsigned kSearch = 010;
  auto dir = TRY(sys::openat(FdRef::cwd(), images, O_RDONLY | O_DIRECTORY));
  auto st = TRY(sys::fstat(dir));
  TRY(sys::fchmod(dir, (st.st_mode & 07777) | kRead | kSearch));
  auto entries = TRY(fs::list_dir(dir));
  for (const auto& entry : entries) {
    auto file = TRY(sys::openat(dir, entry.name, O_PATH | O_NOFOLLOW));
    auto mode = TRY(sys::fstat(file)).st_mode;
    if (S_ISREG(mode)) TRY(sys::fchmod_path(file, (mode & 07777) | kRead));
  }
  return {};
}

// criu opens images in processes of the container: first, before the user namespace has its map, as
// the host's root without a capability, which is then of the images' group; later as the
// container's root, which is then their owner.
Status hand_over(const plan::IdentityMaps& identity, const std::string& images,
                 const std::string& place) {
  constexpr const char* kAsItIs = "0 0 4294967295\n";
  TRY(open_to_group(images));
  plan::BindMount bind;
  bind.source = images;
  bind.id_mapped = plan::IdMapped::Mount;
  bind.maps.uid = identity.uid_map;
  bind.maps.gid = kAsItIs;
  return stage(bind, place);
}

}  // namespace

std::string staged_name(const plan::MountOp& op) {
  auto bind = std::get_if<plan::BindMount>(&op.what);
  if (!bind || bind->id_mapped == plan::IdMapped::No) return "";
  return base::cat("criu-mount-", op.index);
}

Result<std::string> make_criu_mounts(const plan::Plan& plan, const std::string& folder,
                                     const std::string& images) {
  TRY(sys::unshare(CLONE_NEWNS));
  TRY(sys::mount_setattr_at("/", {.propagation = MS_SLAVE}, true));
  TRY(sys::mount(plan.rootfs.path, base::cat(folder, "/", kCriuRoot), "", MS_BIND | MS_REC, ""),
      "root file system");
  for (const auto& op : plan.rootfs.mounts)
    if (auto name = staged_name(op); !name.empty())
      TRY(stage(std::get<plan::BindMount>(op.what), base::cat(folder, "/", name)), "mounts[",
          op.index, "]");
  auto place = base::cat(folder, "/criu-images");
  // Without it criu works as far as the images' owner and mode let it.
  if (plan.identity.needed && hand_over(plan.identity, images, place)) return place;
  return images;
}

}  // namespace container
