// What a container's cgroup has used so far, from whichever hierarchy counts it.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apply/cgroup.h"

namespace apply {

// How long tasks have waited for something. Linux: accounting/psi; percent, and microseconds.
struct PressureLine {
  double avg10 = 0;
  double avg60 = 0;
  double avg300 = 0;
  std::uint64_t total = 0;
  friend bool operator==(const PressureLine&, const PressureLine&) = default;
};
struct Pressure {
  PressureLine some{};
  PressureLine full{};
  friend bool operator==(const Pressure&, const Pressure&) = default;
};

// Nanoseconds.
struct CpuStats {
  std::uint64_t total = 0;
  std::uint64_t kernel = 0;
  std::uint64_t user = 0;
  std::vector<std::uint64_t> per_cpu{};  // v1 alone, as the next two
  std::vector<std::uint64_t> per_cpu_kernel{};
  std::vector<std::uint64_t> per_cpu_user{};
  std::uint64_t periods = 0;
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_time = 0;
  std::optional<Pressure> pressure{};
};

struct CpusetStats {
  std::vector<std::uint64_t> cpus{};
  std::vector<std::uint64_t> mems{};
  // v1 alone, by the names of the files: "cpu_exclusive".
  std::vector<std::pair<std::string, std::int64_t>> settings{};
};

// Bytes, but for `failures`: how often the limit was met.
struct MemoryUse {
  std::uint64_t limit = 0;  // the greatest number where there is none
  std::uint64_t usage = 0;
  std::uint64_t most = 0;
  std::uint64_t failures = 0;
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};
struct MemoryStats {
  std::uint64_t cache = 0;
  MemoryUse memory{};
  MemoryUse swap{};  // memory and swap together
  MemoryUse kernel{};
  MemoryUse kernel_tcp{};
  std::vector<std::pair<std::string, std::uint64_t>> raw{};  // memory.stat
  std::optional<Pressure> pressure{};
};

struct PidsStats {
  std::uint64_t current = 0;
  std::uint64_t limit = 0;  // 0: none
};

struct BlockIoEntry {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string operation{};  // "Read", "Write", "Total" …; empty where they are not told apart
  std::uint64_t value = 0;
  friend bool operator==(const BlockIoEntry&, const BlockIoEntry&) = default;
};
struct BlockIoStats {
  std::vector<BlockIoEntry> service_bytes{};
  std::vector<BlockIoEntry> serviced{};
  std::vector<BlockIoEntry> queued{};
  std::vector<BlockIoEntry> service_time{};
  std::vector<BlockIoEntry> wait_time{};
  std::vector<BlockIoEntry> merged{};
  std::vector<BlockIoEntry> time{};
  std::vector<BlockIoEntry> sectors{};
  std::optional<Pressure> pressure{};
};

struct HugepageStats {
  std::string page_size{};  // "2MB"
  std::uint64_t usage = 0;
  std::uint64_t most = 0;  // v1 alone
  std::uint64_t failures = 0;
  friend bool operator==(const HugepageStats&, const HugepageStats&) = default;
};

struct CgroupStats {
  CpuStats cpu{};
  CpusetStats cpuset{};
  MemoryStats memory{};
  PidsStats pids{};
  BlockIoStats block_io{};
  std::vector<HugepageStats> hugepages{};
};

// What is not counted there stays zero. An error with the code ENOENT when the group is gone.
Result<CgroupStats> cgroup_stats(const CgroupPaths& paths);

// A group's control files: each text, or nothing where there is no such file; and all the names.
struct ControlFiles {
  std::function<std::optional<std::string>(const std::string& file)> text{};
  std::vector<std::string> names{};
};

// One controller each, from its files. Linux: admin-guide/cgroup-v1
void cpu_v1(const ControlFiles& files, CpuStats& out);
void cpuacct_v1(const ControlFiles& files, CpuStats& out);
void cpuset_v1(const ControlFiles& files, CpusetStats& out);
void memory_v1(const ControlFiles& files, MemoryStats& out);
void block_io_v1(const ControlFiles& files, BlockIoStats& out);
void hugepages_v1(const ControlFiles& files, std::vector<HugepageStats>& out);
// Linux: admin-guide/cgroup-v2
void cpu_v2(const ControlFiles& files, CpuStats& out);
void cpuset_v2(const ControlFiles& files, CpusetStats& out);
void memory_v2(const ControlFiles& files, MemoryStats& out);
void block_io_v2(const ControlFiles& files, BlockIoStats& out);
void hugepages_v2(const ControlFiles& files, std::vector<HugepageStats>& out);
// The same in both.
void pids_stats(const ControlFiles& files, PidsStats& out);
// v2, which counts it whichever hierarchy the controllers are on.
void pressure_stats(const ControlFiles& files, CgroupStats& out);

}  // namespace apply
