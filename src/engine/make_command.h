// What `run` and `create` are asked for, as typed. engine/config.h and networks.h read it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundler/cli.h"

namespace engine {

using Words = std::vector<std::string>;

struct ProcessWishes {
  std::optional<std::string> entrypoint{};
  Words env{};
  Words env_files{};
  std::string workdir{};
  std::string user{};
  Words groups{};
  bool init = false;  // a small init that reaps: catatonit or tini of the host
  bool privileged = false;
  Words cap_add{};
  Words cap_drop{};
  Words security{};  // no-new-privileges, seccomp=…, apparmor=…, label=…, unmask=…, mask=…
  Words ulimits{};
  std::optional<std::int32_t> oom_score_adj{};
};

struct FileWishes {
  Words volumes{};  // -v
  Words mounts{};   // --mount
  Words tmpfs{};
  Words volumes_from{};
  Words devices{};
  Words device_rules{};  // --device-cgroup-rule
  std::string shm_size{};
  bool read_only = false;
};

struct NamespaceWishes {
  std::string hostname{};
  std::string domainname{};
  std::string pid{};     // "", host, container:NAME
  std::string ipc{};     // "", host, private, shareable, none, container:NAME
  std::string uts{};     // "", host
  std::string cgroup{};  // "", host, private
  std::string userns{};  // "", host
  std::string cgroup_parent{};
  Words sysctls{};
};

struct LimitWishes {
  std::string cpus{};
  std::optional<std::uint64_t> cpu_shares{};
  std::optional<std::uint64_t> cpu_period{};
  std::optional<std::int64_t> cpu_quota{};
  std::string cpuset_cpus{};
  std::string cpuset_mems{};
  std::string memory{};
  std::string memory_swap{};
  std::string memory_reservation{};
  std::optional<std::uint64_t> memory_swappiness{};
  bool oom_kill_disable = false;
  std::optional<std::int64_t> pids{};
  std::optional<std::uint16_t> blkio_weight{};
  Words blkio_weight_device{};
  Words device_read_bps{};
  Words device_write_bps{};
  Words device_read_iops{};
  Words device_write_iops{};
};

struct NetworkWishes {
  Words networks{};  // --net, --network: bridge, none, host, container:NAME, slirp4netns, pasta,
                     // NAME…
  Words aliases{};
  std::string ip{};
  std::string mac{};
  Words publish{};
  bool publish_all = false;
  Words dns{};
  Words dns_search{};
  Words dns_options{};
  Words hosts{};  // --add-host
};

struct LifeWishes {
  std::string name{};
  std::string cidfile{};
  std::string restart{};
  bool remove = false;
  std::string stop_signal{};
  std::optional<std::uint32_t> stop_timeout{};
  Words labels{};
  Words label_files{};
  Words annotations{};
  std::string log_driver{};
  Words log_options{};
};

struct MakeCommand {
  std::string image{};
  Words command{};
  bool rootfs = false;  // `image` is a folder
  bundler::PullPolicy pull = bundler::PullPolicy::Missing;
  bundler::PullCommand from{};
  bool quiet = false;  // no progress of the pull
  bool tty = false;
  bool interactive = false;
  ProcessWishes process{};
  FileWishes files{};
  NamespaceWishes namespaces{};
  LimitWishes limits{};
  NetworkWishes network{};
  LifeWishes life{};
};

}  // namespace engine
