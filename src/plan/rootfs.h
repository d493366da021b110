// The container's root file system: everything about it, decided, in order.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/host.h"
#include "plan/mounts.h"
#include "spec/config.h"

namespace plan {

struct DeviceNode {
  std::string path{};      // below the root, clean: "dev/null"
  std::uint32_t mode = 0;  // type (S_IFCHR, S_IFBLK, S_IFIFO) and permissions
  std::uint32_t dev_major = 0;
  std::uint32_t dev_minor = 0;
  std::uint32_t uid = 0;  // in the container
  std::uint32_t gid = 0;
  bool bind = false;  // the host's node of the same path, since making one is not permitted
  // One of the default devices: an ordinary file in its place (images have such) is covered.
  bool standard = false;
  std::string what{};  // "linux.devices[2]", "default device"
  friend bool operator==(const DeviceNode&, const DeviceNode&) = default;
};

struct DevLink {
  std::string path{};    // below the root: "dev/fd"
  std::string target{};  // "/proc/self/fd"
  bool replace = false;  // whatever is there gives way
  friend bool operator==(const DevLink&, const DevLink&) = default;
};

// How the process gets into its root.
enum class Entry {
  Pivot,   // pivot_root(2)
  Move,    // the root file system moves over "/" (--no-pivot: the host's root is an initramfs)
  Chroot,  // chroot(2) alone: there is no mount namespace to change
};

struct RootfsPlan {
  std::string path{};  // absolute
  Entry entry = Entry::Pivot;
  bool new_mount_namespace = true;
  // Of all mounts that init's namespace took over: MS_SLAVE or MS_PRIVATE; 0 leaves them peers of
  // the host's, and only what holds the root file system becomes private.
  std::uint64_t host_propagation = 0;
  std::uint64_t tree_propagation = 0;  // of the root file system's own tree, first
  std::vector<MountOp> mounts{};
  std::vector<DeviceNode> devices{};
  std::vector<DevLink> links{};
  // From here on after entering.
  std::vector<std::string> readonly_paths{};  // below the root, clean
  std::vector<std::string> masked_paths{};
  std::string mask_label{};  // SELinux context of what covers masked directories, or empty
  bool readonly = false;
  std::uint64_t root_propagation = 0;  // of "/" at last; 0: as it is
  bool root_propagation_recursive = false;
  friend bool operator==(const RootfsPlan&, const RootfsPlan&) = default;
};

// cgroup_dirs: where the container's groups are, for mounts of type "cgroup".
// Errors name their place: "mounts[3]: …".
// spec: config.md#root, #mounts; config-linux.md#default-devices, #devices,
// #rootfs-mount-propagation, #masked-paths, #readonly-paths; runtime-linux.md#dev-symbolic-links
base::Result<RootfsPlan> rootfs(const spec::Config& config, const Host& host,
                                const Request& request, const std::vector<CgroupDir>& cgroup_dirs);

}  // namespace plan
