#include "container/mount_points.h"

#include <fcntl.h>

#include <string>

#include "apply/mount_target.h"
#include "fs/root.h"
#include "sys/file.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

bool is_below(const std::string& path, const std::string& folder) {
  return folder.empty() || path.starts_with(folder + "/");
}

// The last of the mounts before this one that the place is in, or nullptr for the root itself.
const plan::MountOp* holder(const std::vector<plan::MountOp>& mounts, std::size_t count,
                            const std::string& target) {
  const plan::MountOp* out = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    bool mounts_there = std::holds_alternative<plan::BindMount>(mounts[i].what) ||
                        std::holds_alternative<plan::NewMount>(mounts[i].what);
    if (mounts_there && is_below(target, mounts[i].target)) out = &mounts[i];
  }
  return out;
}

// The source, or nothing where there is none to be seen from here.
Result<Fd> source_of(const plan::BindMount& bind, FdRef root) {
  if (bind.source_at == plan::SourceAt::Rootfs) return fs::open_in(root, bind.source, O_PATH);
  return sys::openat(FdRef::cwd(), bind.source, O_PATH);
}

Status make_place(FdRef root, const std::string& path, const plan::MountOp& op, FdRef whole) {
  if (std::holds_alternative<plan::NewMount>(op.what)) {
    TRY(apply::mount_target_dir(root, path, apply::TargetLinks::Followed));
    return {};
  }
  auto source = TRY(source_of(std::get<plan::BindMount>(op.what), whole));
  TRY(apply::mount_target(root, path, source, apply::TargetLinks::Followed));
  return {};
}

Status make_one(const plan::RootfsPlan& plan, std::size_t index, FdRef root) {
  const auto& op = plan.mounts[index];
  if (std::holds_alternative<plan::Remount>(op.what) ||
      std::holds_alternative<plan::MakeLink>(op.what))
    return {};
  auto in = holder(plan.mounts, index, op.target);
  if (!in) return make_place(root, op.target, op, root);
  auto bind = std::get_if<plan::BindMount>(&in->what);
  if (!bind) return {};
  auto source = TRY(source_of(*bind, root));
  auto rest = in->target.empty() ? op.target : op.target.substr(in->target.size() + 1);
  return make_place(source, rest, op, root);
}

}  // namespace

Status make_mount_points(const plan::RootfsPlan& plan) {
  auto root = TRY(sys::openat(FdRef::cwd(), plan.path, O_PATH | O_DIRECTORY), "root file system");
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    TRY(make_one(plan, i, root), "mounts[", plan.mounts[i].index, "]");
  for (const auto& device : plan.devices)
    if (device.bind && !holder(plan.mounts, plan.mounts.size(), device.path))
      TRY(fs::make_file_in(root, device.path, 0644), device.what);
  return {};
}

}  // namespace container
