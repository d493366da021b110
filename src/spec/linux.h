// The Linux section of the configuration.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/mounts.h"
#include "spec/resources.h"
#include "spec/seccomp.h"

namespace spec {

// spec: config-linux.md#namespaces
enum class NamespaceType { Mount, Pid, Network, Uts, Ipc, User, Cgroup, Time };
struct Namespace {
  NamespaceType type = NamespaceType::Mount;
  std::string path{};  // empty: a new one
  friend bool operator==(const Namespace&, const Namespace&) = default;
};

// spec: config-linux.md#offset-for-time-namespace
struct TimeOffset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
  friend bool operator==(const TimeOffset&, const TimeOffset&) = default;
};

// spec: config-linux.md#devices
struct Device {
  std::string type{};  // "c", "b", "u", "p"
  std::string path{};
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode{};
  std::optional<std::uint32_t> uid{};
  std::optional<std::uint32_t> gid{};
  friend bool operator==(const Device&, const Device&) = default;
};

// spec: config-linux.md#network-devices
struct NetDevice {
  std::string host_name{};
  std::string name{};  // empty: as on the host
  friend bool operator==(const NetDevice&, const NetDevice&) = default;
};

// spec: config-linux.md#intelrdt
struct IntelRdt {
  std::string clos_id{};
  std::vector<std::string> schemata{};
  std::string l3_cache_schema{};
  std::string mem_bw_schema{};
  bool enable_monitoring = false;
  friend bool operator==(const IntelRdt&, const IntelRdt&) = default;
};

// spec: config-linux.md#memory-policy
struct MemoryPolicy {
  std::string mode{};  // MPOL_…, checked to be known
  std::string nodes{};
  std::vector<std::string> flags{};
  friend bool operator==(const MemoryPolicy&, const MemoryPolicy&) = default;
};

// spec: config-linux.md#personality
struct Personality {
  std::string domain{};  // LINUX or LINUX32
  std::vector<std::string> flags{};
  friend bool operator==(const Personality&, const Personality&) = default;
};

enum class Propagation { Shared, Slave, Private, Unbindable };

struct Linux {
  std::vector<Namespace> namespaces{};
  std::vector<IdMapping> uid_mappings{};
  std::vector<IdMapping> gid_mappings{};
  std::optional<TimeOffset> boottime{};
  std::optional<TimeOffset> monotonic{};
  std::vector<Device> devices{};
  std::vector<NetDevice> net_devices{};
  std::string cgroups_path{};
  std::optional<Resources> resources{};
  std::optional<Propagation> rootfs_propagation{};
  bool rootfs_propagation_recursive = true;  // "rshared" and "shared" are both written by callers
  std::optional<Seccomp> seccomp{};
  std::vector<std::pair<std::string, std::string>> sysctl{};
  std::vector<std::string> masked_paths{};
  std::vector<std::string> readonly_paths{};
  std::string mount_label{};
  std::optional<IntelRdt> intel_rdt{};
  std::optional<MemoryPolicy> memory_policy{};
  std::optional<Personality> personality{};
  friend bool operator==(const Linux&, const Linux&) = default;
};

}  // namespace spec
