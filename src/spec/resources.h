// What the configuration says of cgroup limits.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spec {

// spec: config-linux.md#allowed-device-list
struct DeviceRule {
  bool allow = false;
  std::string type{};                   // "a", "b", "c"; empty: all
  std::optional<std::int64_t> major{};  // absent or -1: all
  std::optional<std::int64_t> minor{};
  std::string access{};  // of "rwm"; empty: all
  friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

// spec: config-linux.md#memory. Bytes; -1 means no limit.
struct Memory {
  std::optional<std::int64_t> limit{};
  std::optional<std::int64_t> reservation{};
  std::optional<std::int64_t> swap{};  // memory and swap together
  std::optional<std::int64_t> kernel{};
  std::optional<std::int64_t> kernel_tcp{};
  std::optional<std::uint64_t> swappiness{};
  std::optional<bool> disable_oom_killer{};
  std::optional<bool> use_hierarchy{};
  std::optional<bool> check_before_update{};
  friend bool operator==(const Memory&, const Memory&) = default;
};

// spec: config-linux.md#cpu. Times in microseconds.
struct Cpu {
  std::optional<std::uint64_t> shares{};
  std::optional<std::int64_t> quota{};
  std::optional<std::uint64_t> burst{};
  std::optional<std::uint64_t> period{};
  std::optional<std::int64_t> realtime_runtime{};
  std::optional<std::uint64_t> realtime_period{};
  std::string cpus{};
  std::string mems{};
  std::optional<std::int64_t> idle{};
  friend bool operator==(const Cpu&, const Cpu&) = default;
};

// spec: config-linux.md#pids
struct Pids {
  std::optional<std::int64_t> limit{};
  friend bool operator==(const Pids&, const Pids&) = default;
};

// spec: config-linux.md#block-io
struct WeightDevice {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint16_t> weight{};
  std::optional<std::uint16_t> leaf_weight{};
  friend bool operator==(const WeightDevice&, const WeightDevice&) = default;
};
struct ThrottleDevice {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;
  friend bool operator==(const ThrottleDevice&, const ThrottleDevice&) = default;
};
struct BlockIo {
  std::optional<std::uint16_t> weight{};
  std::optional<std::uint16_t> leaf_weight{};
  std::vector<WeightDevice> weight_device{};
  std::vector<ThrottleDevice> throttle_read_bps_device{};
  std::vector<ThrottleDevice> throttle_write_bps_device{};
  std::vector<ThrottleDevice> throttle_read_iops_device{};
  std::vector<ThrottleDevice> throttle_write_iops_device{};
  friend bool operator==(const BlockIo&, const BlockIo&) = default;
};

// spec: config-linux.md#huge-page-limits
struct HugepageLimit {
  std::string page_size{};  // "2MB"
  std::uint64_t limit = 0;  // bytes
  friend bool operator==(const HugepageLimit&, const HugepageLimit&) = default;
};

// spec: config-linux.md#network
struct InterfacePriority {
  std::string name{};
  std::uint32_t priority = 0;
  friend bool operator==(const InterfacePriority&, const InterfacePriority&) = default;
};
struct Network {
  std::optional<std::uint32_t> class_id{};
  std::vector<InterfacePriority> priorities{};
  friend bool operator==(const Network&, const Network&) = default;
};

// spec: config-linux.md#rdma
struct Rdma {
  std::string device{};
  std::optional<std::uint32_t> hca_handles{};
  std::optional<std::uint32_t> hca_objects{};
  friend bool operator==(const Rdma&, const Rdma&) = default;
};

// spec: config-linux.md#control-groups
struct Resources {
  std::vector<DeviceRule> devices{};
  std::optional<Memory> memory{};
  std::optional<Cpu> cpu{};
  std::optional<Pids> pids{};
  std::optional<BlockIo> block_io{};
  std::vector<HugepageLimit> hugepage_limits{};
  std::optional<Network> network{};
  std::vector<Rdma> rdma{};
  std::vector<std::pair<std::string, std::string>> unified{};
  friend bool operator==(const Resources&, const Resources&) = default;
};

}  // namespace spec
