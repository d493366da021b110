// Device rules: what the configuration allows plus what every container needs, as v1 lines and as a
// v2 program.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "spec/resources.h"

namespace plan {

using base::Result;

// The bits of linux/bpf.h, BPF_DEVCG_ACC_…
inline constexpr unsigned kDeviceMknod = 1;
inline constexpr unsigned kDeviceRead = 2;
inline constexpr unsigned kDeviceWrite = 4;
inline constexpr unsigned kDeviceAll = 7;

struct DeviceRow {
  bool allow = false;
  char type = 'c';          // 'b' or 'c'
  std::int64_t major = -1;  // -1: all
  std::int64_t minor = -1;
  unsigned access = kDeviceAll;
  bool built_in = false;  // ours, not the configuration's
  friend bool operator==(const DeviceRow&, const DeviceRow&) = default;
};

// Of several rows about a device the last one that names the access decides.
struct DeviceRules {
  bool allow_by_default = false;
  std::vector<DeviceRow> rows{};
  friend bool operator==(const DeviceRules&, const DeviceRules&) = default;
};

// The configured rules in their order, then our own: making any node; null, zero, full, random,
// urandom, tty, console, ptmx, pts, tun.
// spec: config-linux.md#allowed-device-list, config-linux.md#default-devices
// compat: with no rules at all nothing but our own is allowed, as in runc.
Result<DeviceRules> device_rules(const std::vector<spec::DeviceRule>& configured);

// What to write to devices.deny and devices.allow of a new group. An error where v1 cannot say it:
// an exception from an exception. Linux: admin-guide/cgroup-v1/devices
struct DeviceLine {
  bool allow = false;
  std::string text{};
  bool built_in = false;
  friend bool operator==(const DeviceLine&, const DeviceLine&) = default;
};
Result<std::vector<DeviceLine>> device_lines(const DeviceRules& rules);

// struct bpf_insn of linux/bpf.h, comparable; `registers` holds source << 4 | destination, as both
// our architectures, little-endian, lay it out.
struct BpfInstruction {
  std::uint8_t code = 0;
  std::uint8_t registers = 0;
  std::int16_t offset = 0;
  std::int32_t immediate = 0;
  friend bool operator==(const BpfInstruction&, const BpfInstruction&) = default;
};

// A program of type BPF_PROG_TYPE_CGROUP_DEVICE; empty when everything is allowed.
std::vector<BpfInstruction> device_program(const DeviceRules& rules);

}  // namespace plan
