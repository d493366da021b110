// One mount of the configuration → the operations that make it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "plan/host.h"
#include "plan/mount_options.h"
#include "spec/config.h"

namespace plan {

// Who opens the source of a bind mount.
enum class SourceAt {
  Runtime,  // the runtime, before the clone (init, where the runtime may not)
  InOrder,  // init, when the mount's turn comes; the runtime looks whether it is there at all
  Init,     // init, since the runtime cannot see it yet
  Rootfs,   // init, below the root file system: earlier mounts belong to it
};

struct IdMaps {
  std::string uid{};  // text for uid_map and gid_map
  std::string gid{};
  std::string user_namespace{};  // instead of both: the file of an existing user namespace
  friend bool operator==(const IdMaps&, const IdMaps&) = default;
};

struct BindMount {
  std::string source{};  // absolute; below the root file system for SourceAt::Rootfs
  SourceAt source_at = SourceAt::Runtime;
  bool recursive = false;
  bool of_procfs = false;  // the source must be a procfs: it comes to stand at /proc
  std::vector<MountChange> changes{};
  IdMapped id_mapped = IdMapped::No;
  IdMaps maps{};
  friend bool operator==(const BindMount&, const BindMount&) = default;
};

// The SELinux context of a new file system. spec: config-linux.md#mount-label
struct MountLabel {
  enum class Way {
    None,
    Parameter,  // context=: of everything in it, for ever
    Root,       // of its root directory, where the parameter is not taken
  };
  Way way = Way::None;
  std::string text{};
  friend bool operator==(const MountLabel&, const MountLabel&) = default;
};

struct NewMount {
  std::string type{};
  std::string source{};
  std::uint64_t attributes = 0;           // MOUNT_ATTR_…
  std::vector<std::string> superblock{};  // flags by name
  std::vector<FsOption> data{};
  MountLabel label{};
  std::vector<MountChange> changes{};  // propagation
  bool copy_up = false;
  // Other mounts and device nodes are made in it first: read-only once everything stands.
  bool read_only_at_last = false;
  // cve: 2019-19921: a procfs or sysfs must not be led elsewhere by a link in the image.
  bool ordinary_directory = false;
  friend bool operator==(const NewMount&, const NewMount&) = default;
};

struct Remount {
  std::vector<MountChange> changes{};
  std::vector<std::string> superblock{};
  std::vector<FsOption> data{};
  friend bool operator==(const Remount&, const Remount&) = default;
};

struct MakeLink {
  std::string target{};
  friend bool operator==(const MakeLink&, const MakeLink&) = default;
};

struct MountOp {
  std::size_t index = 0;  // in `mounts` of the configuration
  std::string target{};   // below the root, clean: "proc", "dev/pts"; "" is the root
  std::variant<BindMount, NewMount, Remount, MakeLink> what{};
  friend bool operator==(const MountOp&, const MountOp&) = default;
};

// A hierarchy's mount and the container's group in it: {"/sys/fs/cgroup/memory", "/docker/c1"}.
struct CgroupDir {
  std::string mount{};
  std::string group{};
  friend bool operator==(const CgroupDir&, const CgroupDir&) = default;
};

// What the mounts need to know of their surroundings.
struct MountContext {
  const Host* host = nullptr;
  std::string bundle{};  // absolute
  std::string rootfs{};  // absolute
  std::string label{};   // SELinux context, or empty
  std::vector<CgroupDir> cgroup_dirs{};
  bool cgroup_namespace = false;
  // Whether init opens sources, in the listed order of the mounts (spec: config.md#mounts; newer
  // kernels list mounts by age, not by place). Not with a user namespace, whose root may be refused
  // on the way.
  bool sources_in_init = false;
  std::uint64_t source_propagation = 0;  // what copies of host mounts get first: MS_…, or 0
  std::vector<spec::IdMapping> uid_mappings{};  // of the container
  std::vector<spec::IdMapping> gid_mappings{};
  std::string user_namespace{};  // its file, when it is joined
};

// Appends the operations of mounts[index].
// spec: config.md#mounts
base::Status mount_ops(const spec::Mount& mount, std::size_t index, const MountContext& context,
                       std::vector<MountOp>& out);

// A path without empty, "." and ".." parts and without the leading slash; ".." as text, never above
// the root.
std::string below_root(std::string_view path);

}  // namespace plan
