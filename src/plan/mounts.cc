#include "plan/mounts.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "plan/cgroup_mounts.h"

namespace plan {
namespace {

using base::cat;
using base::config_error;
using base::quote;
using base::Result;
using base::Status;

// Files of /proc that programs which emulate them mount over.
// compat: lxcfs, CRIU and fips images; everything else below /proc is refused.
// cve: 2019-16884, 2025-52881: a false file there would take the runtime's own writes.
constexpr std::array<std::string_view, 13> kMayCover = {
    "proc/cpuinfo",  "proc/diskstats",    "proc/loadavg",     "proc/meminfo",
    "proc/net/dev",  "proc/pressure/cpu", "proc/pressure/io", "proc/pressure/memory",
    "proc/slabinfo", "proc/stat",         "proc/swaps",       "proc/sys/kernel/ns_last_pid",
    "proc/uptime"};
constexpr std::string_view kFipsFile = "proc/sys/crypto/fips_enabled";

Status check_proc(const std::string& target) {
  if (!target.starts_with("proc/") || target == kFipsFile ||
      std::ranges::find(kMayCover, target) != kMayCover.end())
    return {};
  return config_error("destination ", quote("/" + target),
                      " is inside /proc, where only files such as /proc/cpuinfo may be covered");
}

// The file systems of which there is one for the machine or a namespace: their own flags are not
// the container's to set.
bool shared_superblock(std::string_view type) {
  constexpr std::array<std::string_view, 10> kTypes = {"proc",    "sysfs",  "cgroup",     "cgroup2",
                                                       "mqueue",  "devpts", "securityfs", "debugfs",
                                                       "tracefs", "bpf"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// spec: config-linux.md#mount-label
MountLabel mount_label(std::string_view type, const std::vector<FsOption>& data,
                       const MountContext& context) {
  MountLabel out;
  if (context.label.empty()) return out;
  // What the mount's own options say of it stands.
  auto is_context = [](const FsOption& option) { return option.key.ends_with("context"); };
  if (std::ranges::any_of(data, is_context)) return out;
  bool user_namespace = (context.host && context.host->in_user_namespace) ||
                        !context.uid_mappings.empty() || !context.user_namespace.empty();
  if (type == "mqueue") {
    // One superblock for a whole IPC namespace, whose context stands before it is mounted; and the
    // label of its root is an extended attribute that a user namespace gives no right to set.
    out.way = user_namespace ? MountLabel::Way::None : MountLabel::Way::Root;
  } else if (type == "devpts" || !shared_superblock(type)) {
    // The others of that kind belong to the machine and keep the policy's labels.
    out.way = MountLabel::Way::Parameter;
  }
  if (out.way != MountLabel::Way::None) out.text = context.label;
  return out;
}

bool memory_backed(std::string_view type) { return type == "tmpfs" || type == "ramfs"; }

std::string map_text(const std::vector<spec::IdMapping>& mappings) {
  std::string out;
  for (const auto& m : mappings) out += cat(m.container_id, " ", m.host_id, " ", m.size, "\n");
  return out;
}

// spec: config.md#linux-mount-options, idmap
Result<IdMaps> id_maps(const spec::Mount& mount, const MountContext& context) {
  IdMaps out;
  bool own = !mount.uid_mappings.empty();
  if (own != !mount.gid_mappings.empty())
    return config_error("uidMappings and gidMappings go together");
  if (!own && context.uid_mappings.empty() && context.user_namespace.empty())
    return config_error(
        "idmap without uidMappings and gidMappings needs a container with a user namespace");
  if (!own && context.uid_mappings.empty()) {
    out.user_namespace = context.user_namespace;
    return out;
  }
  out.uid = map_text(own ? mount.uid_mappings : context.uid_mappings);
  out.gid = map_text(own ? mount.gid_mappings : context.gid_mappings);
  return out;
}

// Whether these changes settle by themselves what comes through from the host.
bool settles_propagation(const std::vector<MountChange>& changes, bool recursive) {
  return std::ranges::any_of(changes, [&](const MountChange& c) {
    bool whole = c.recursive || !recursive;
    return whole && (c.propagation == MS_PRIVATE || c.propagation == MS_UNBINDABLE);
  });
}

Result<BindMount> bind_mount(const spec::Mount& mount, const MountOptions& options,
                             const MountContext& context) {
  BindMount out;
  if (mount.source.empty()) return config_error("a bind mount needs a source");
  out.source = mount.source.starts_with('/') ? mount.source : context.bundle + "/" + mount.source;
  out.recursive = options.recursive_bind;
  // Earlier mounts may have covered it, or made it.
  auto clean = "/" + below_root(out.source);
  auto rootfs = "/" + below_root(context.rootfs);
  if (clean.starts_with(rootfs + "/")) {
    out.source_at = SourceAt::Rootfs;
    out.source = below_root(clean.substr(rootfs.size()));
  }
  bool id_mapped = options.id_mapped != IdMapped::No || !mount.uid_mappings.empty();
  if (out.source_at == SourceAt::Runtime && context.sources_in_init && !id_mapped)
    out.source_at = SourceAt::InOrder;
  auto changes = options.changes;
  bool settled = out.source_at != SourceAt::Runtime || !context.source_propagation ||
                 settles_propagation(changes, out.recursive);
  if (!settled)
    changes.insert(changes.begin(),
                   {.propagation = context.source_propagation, .recursive = out.recursive});
  out.changes = merged(changes, !out.recursive);
  out.id_mapped = options.id_mapped;
  if (out.id_mapped == IdMapped::No && !mount.uid_mappings.empty())
    out.id_mapped = out.recursive ? IdMapped::Tree : IdMapped::Mount;
  if (out.id_mapped != IdMapped::No) out.maps = TRY(id_maps(mount, context));
  return out;
}

Result<NewMount> new_mount(const spec::Mount& mount, MountOptions options,
                           const MountContext& context, const std::string& target) {
  NewMount out;
  if (mount.type.empty()) return config_error("a mount without \"bind\" needs a type");
  if (options.id_mapped != IdMapped::No || !mount.uid_mappings.empty())
    return base::unsupported("idmap on a mount that is no bind mount");
  if (options.copy_up && mount.type != "tmpfs")
    return config_error("tmpcopyup needs type \"tmpfs\", got ", quote(mount.type));
  out.type = mount.type;
  out.source = mount.source.empty() ? mount.type : mount.source;
  out.data = std::move(options.data);
  out.label = mount_label(mount.type, out.data, context);
  out.copy_up = options.copy_up;
  out.ordinary_directory = mount.type == "proc" || mount.type == "sysfs";
  out.attributes = attributes_after(options.changes);
  if (!shared_superblock(mount.type)) out.superblock = std::move(options.superblock);
  if (memory_backed(mount.type) || target == "dev") {
    out.read_only_at_last = out.attributes & MOUNT_ATTR_RDONLY;
    out.attributes &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
    std::erase_if(out.superblock, [](const auto& word) { return word == "ro" || word == "rw"; });
  }
  for (const auto& change : options.changes)
    if (change.propagation) out.changes.push_back({.propagation = change.propagation});
  return out;
}

Remount remount(const spec::Mount& mount, MountOptions options) {
  Remount out;
  out.changes = merged(options.changes, false);
  if (!options.bind && !shared_superblock(mount.type))
    out.superblock = std::move(options.superblock);
  if (!options.bind) out.data = std::move(options.data);
  return out;
}

}  // namespace

std::string below_root(std::string_view path) {
  std::vector<std::string> kept;
  for (auto part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.emplace_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  return base::join(kept, "/");
}

Status mount_ops(const spec::Mount& mount, std::size_t index, const MountContext& context,
                 std::vector<MountOp>& out) {
  MountOp op;
  op.index = index;
  op.target = below_root(mount.destination);
  auto options = mount_options(mount.options);
  if (options.remount) {
    op.what = remount(mount, std::move(options));
    out.push_back(std::move(op));
    return {};
  }
  auto where = cat("mounts[", index, "]");
  TRY(check_proc(op.target), where);
  if (options.bind) {
    auto bind = TRY(bind_mount(mount, options, context), where);
    bind.of_procfs = op.target == "proc";
    op.what = std::move(bind);
  } else if (mount.type == "cgroup") {
    return cgroup_mount_ops(op, options, context, out);
  } else {
    if (op.target == "proc" && mount.type != "proc" && mount.type != "tmpfs")
      return config_error(where, ": only a procfs may be mounted on /proc, got type ",
                          quote(mount.type));
    op.what = TRY(new_mount(mount, std::move(options), context, op.target), where);
  }
  out.push_back(std::move(op));
  return {};
}

}  // namespace plan
