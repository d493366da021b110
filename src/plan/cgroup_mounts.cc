#include "plan/cgroup_mounts.h"

#include <sys/mount.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace plan {
namespace {

using base::cat;

std::string last_name(std::string_view path) {
  return std::string(path.substr(path.find_last_of('/') + 1));
}

// The directory, on the host, of the container's group in this hierarchy.
std::string group_dir(const CgroupHierarchy& hierarchy, const MountContext& context) {
  for (const auto& dir : context.cgroup_dirs)
    if (dir.mount == hierarchy.mount) return "/" + below_root(dir.mount + "/" + dir.group);
  return "/" + below_root(hierarchy.mount + "/" + hierarchy.own);
}

NewMount file_system(const CgroupHierarchy& hierarchy, std::uint64_t attributes) {
  NewMount out;
  out.type = hierarchy.v2 ? "cgroup2" : "cgroup";
  out.source = out.type;
  out.attributes = attributes;
  if (hierarchy.v2) return out;
  for (const auto& controller : hierarchy.controllers) {
    constexpr std::string_view kName = "name=";
    if (controller.starts_with(kName)) {
      out.data.push_back({.key = "none"});
      out.data.push_back({"name", controller.substr(kName.size()), true});
    } else {
      out.data.push_back({.key = controller});
    }
  }
  return out;
}

MountOp hierarchy_op(const MountOp& base, std::string target, const CgroupHierarchy& hierarchy,
                     const std::vector<MountChange>& changes, const MountContext& context) {
  MountOp out{.index = base.index, .target = std::move(target)};
  if (context.cgroup_namespace) {
    out.what = file_system(hierarchy, attributes_after(changes));
    return out;
  }
  BindMount bind;
  bind.source = group_dir(hierarchy, context);
  bind.source_at = SourceAt::Init;
  bind.changes = merged(changes, true);
  out.what = std::move(bind);
  return out;
}

NewMount tmpfs_for_hierarchies(std::uint64_t attributes, const std::string& label) {
  NewMount out;
  out.type = "tmpfs";
  out.source = "tmpfs";
  out.attributes = attributes & ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
  out.read_only_at_last = attributes & MOUNT_ATTR_RDONLY;
  out.data.push_back({"mode", "755", true});
  if (!label.empty()) out.label = {MountLabel::Way::Parameter, label};
  return out;
}

}  // namespace

base::Status cgroup_mount_ops(const MountOp& op, const MountOptions& options,
                              const MountContext& context, std::vector<MountOp>& out) {
  const auto& host = context.host->cgroup;
  if (host.mode == CgroupMode::None)
    return base::unsupported("mounts[", op.index, "]: type \"cgroup\": the host has no cgroups");
  if (host.mode == CgroupMode::Unified) {
    for (const auto& hierarchy : host.hierarchies)
      if (hierarchy.v2)
        out.push_back(hierarchy_op(op, op.target, hierarchy, options.changes, context));
    return {};
  }
  MountOp frame{.index = op.index, .target = op.target};
  frame.what = tmpfs_for_hierarchies(attributes_after(options.changes), context.label);
  out.push_back(std::move(frame));
  for (const auto& hierarchy : host.hierarchies) {
    auto name = last_name(hierarchy.mount);
    out.push_back(hierarchy_op(op, cat(op.target, "/", name), hierarchy, options.changes, context));
    if (hierarchy.v2 || hierarchy.controllers.size() < 2) continue;
    for (const auto& controller : hierarchy.controllers)
      if (controller != name)
        out.push_back({.index = op.index,
                       .target = cat(op.target, "/", controller),
                       .what = MakeLink{.target = name}});
  }
  return {};
}

}  // namespace plan
