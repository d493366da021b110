#include "plan/rootfs.h"

#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "base/text.h"

namespace plan {
namespace {

using base::cat;
using base::config_error;
using base::quote;
using base::Result;
using base::Status;

const spec::Namespace* find_namespace(const spec::Config& config, spec::NamespaceType type) {
  for (const auto& n : config.linux_.namespaces)
    if (n.type == type) return &n;
  return nullptr;
}

// A bind mount at /dev brings its own nodes and links.
bool own_dev(const std::vector<MountOp>& mounts) {
  return std::ranges::none_of(mounts, [](const MountOp& op) {
    return op.target == "dev" && std::holds_alternative<BindMount>(op.what);
  });
}

void propagation(const spec::Config& config, RootfsPlan& out) {
  // spec: config-linux.md#rootfs-mount-propagation
  // What is not asked to be shared must not reach the host; an unbindable tree could not be bound
  // from, so that kind comes at last and to the root alone.
  out.host_propagation = MS_SLAVE;
  out.tree_propagation = MS_SLAVE;
  if (!config.linux_.rootfs_propagation) return;
  out.root_propagation_recursive = config.linux_.rootfs_propagation_recursive;
  switch (*config.linux_.rootfs_propagation) {
    case spec::Propagation::Shared:
      out.root_propagation = MS_SHARED;
      out.host_propagation = 0;
      out.tree_propagation = MS_PRIVATE;
      return;
    case spec::Propagation::Slave:
      out.root_propagation = MS_SLAVE;
      return;
    case spec::Propagation::Private:
      out.root_propagation = MS_PRIVATE;
      break;
    case spec::Propagation::Unbindable:
      out.root_propagation = MS_UNBINDABLE;
      break;
  }
  out.host_propagation = MS_PRIVATE;
  out.tree_propagation = MS_PRIVATE;
}

struct Standard {
  const char* path;
  std::uint32_t minor_number;
  std::uint32_t major_number = 1;
};
// spec: config-linux.md#default-devices
constexpr std::array<Standard, 6> kStandard = {{{"dev/null", 3},
                                                {"dev/zero", 5},
                                                {"dev/full", 7},
                                                {"dev/random", 8},
                                                {"dev/urandom", 9},
                                                {"dev/tty", 0, 5}}};

Result<std::uint32_t> device_number(std::int64_t n, const std::string& what) {
  if (n < 0 || n > std::numeric_limits<std::uint32_t>::max())
    return config_error(what, ": device number out of range: ", n);
  return static_cast<std::uint32_t>(n);
}

Result<DeviceNode> configured_device(const spec::Device& device, std::size_t index) {
  DeviceNode out;
  out.what = cat("linux.devices[", index, "]");
  out.path = below_root(device.path);
  if (!device.path.starts_with('/') || out.path.empty())
    return config_error(out.what, ".path: must be an absolute path, got ", quote(device.path));
  out.mode = device.file_mode.value_or(0666) & 07777U;
  out.uid = device.uid.value_or(0);
  out.gid = device.gid.value_or(0);
  if (device.type == "p") {
    out.mode |= S_IFIFO;
    return out;
  }
  if (device.type != "b" && device.type != "c" && device.type != "u")
    return config_error(out.what, ".type: must be c, b, u or p, got ", quote(device.type));
  out.mode |= device.type == "b" ? S_IFBLK : S_IFCHR;
  out.dev_major = TRY(device_number(device.major, out.what));
  out.dev_minor = TRY(device_number(device.minor, out.what));
  return out;
}

Status devices(const spec::Config& config, bool bind, RootfsPlan& out) {
  std::set<std::string> taken;
  for (const auto& mount : out.mounts) taken.insert(mount.target);
  for (std::size_t i = 0; i < config.linux_.devices.size(); i++) {
    auto node = TRY(configured_device(config.linux_.devices[i], i));
    node.bind = bind && !S_ISFIFO(node.mode);
    taken.insert(node.path);
    out.devices.push_back(std::move(node));
  }
  for (const auto& standard : kStandard) {
    if (taken.contains(standard.path)) continue;
    DeviceNode node;
    node.path = standard.path;
    node.mode = S_IFCHR | 0666;
    node.dev_major = standard.major_number;
    node.dev_minor = standard.minor_number;
    node.bind = bind;
    node.standard = true;
    node.what = "default device";
    out.devices.push_back(std::move(node));
  }
  return {};
}

void links(const RootfsPlan& plan, std::vector<DevLink>& out) {
  // spec: runtime-linux.md#dev-symbolic-links; config-linux.md#default-devices (ptmx)
  for (const auto& link :
       {DevLink{"dev/fd", "/proc/self/fd"}, DevLink{"dev/stdin", "/proc/self/fd/0"},
        DevLink{"dev/stdout", "/proc/self/fd/1"}, DevLink{"dev/stderr", "/proc/self/fd/2"},
        DevLink{"dev/core", "/proc/kcore"}, DevLink{"dev/ptmx", "pts/ptmx", true}})
    if (std::ranges::none_of(plan.mounts, [&](const auto& m) { return m.target == link.path; }))
      out.push_back(link);
}

std::vector<std::string> below_root_all(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) {
    auto clean = below_root(path);
    if (std::ranges::find(out, clean) == out.end()) out.push_back(std::move(clean));
  }
  return out;
}

MountContext mount_context(const spec::Config& config, const Host& host, const Request& request,
                           const std::vector<CgroupDir>& cgroup_dirs, const RootfsPlan& plan) {
  MountContext out;
  out.host = &host;
  out.bundle = request.bundle;
  out.rootfs = plan.path;
  // spec: config-linux.md#mount-label; without SELinux there is nothing to label.
  if (host.selinux) out.label = config.linux_.mount_label;
  out.cgroup_dirs = cgroup_dirs;
  auto* cgroup = find_namespace(config, spec::NamespaceType::Cgroup);
  out.cgroup_namespace = cgroup != nullptr;
  out.source_propagation = plan.host_propagation;
  out.uid_mappings = config.linux_.uid_mappings;
  out.gid_mappings = config.linux_.gid_mappings;
  if (auto* user = find_namespace(config, spec::NamespaceType::User))
    out.user_namespace = user->path;
  else
    out.sources_in_init = plan.new_mount_namespace;
  return out;
}

}  // namespace

Result<RootfsPlan> rootfs(const spec::Config& config, const Host& host, const Request& request,
                          const std::vector<CgroupDir>& cgroup_dirs) {
  RootfsPlan out;
  if (!config.root || config.root->path.empty()) return config_error("root.path: is missing");
  const auto& path = config.root->path;
  out.path = path.starts_with('/') ? path : request.bundle + "/" + path;
  auto* mount_namespace = find_namespace(config, spec::NamespaceType::Mount);
  out.new_mount_namespace = mount_namespace && mount_namespace->path.empty();
  propagation(config, out);
  if (!out.new_mount_namespace) {
    out.entry = Entry::Chroot;
    out.host_propagation = 0;
    out.tree_propagation = MS_PRIVATE;
  } else if (request.no_pivot) {
    out.entry = Entry::Move;
  }
  auto context = mount_context(config, host, request, cgroup_dirs, out);
  if (!out.new_mount_namespace) context.source_propagation = MS_PRIVATE;
  for (std::size_t i = 0; i < config.mounts.size(); i++)
    TRY(mount_ops(config.mounts[i], i, context, out.mounts));
  if (own_dev(out.mounts)) {
    bool bind = host.in_user_namespace || !host.holds(CAP_MKNOD) ||
                find_namespace(config, spec::NamespaceType::User) != nullptr;
    TRY(devices(config, bind, out));
    links(out, out.links);
  }
  out.readonly_paths = below_root_all(config.linux_.readonly_paths);
  out.masked_paths = below_root_all(config.linux_.masked_paths);
  out.mask_label = context.label;
  out.readonly = config.root->readonly;
  return out;
}

}  // namespace plan
