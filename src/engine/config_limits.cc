#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "base/units.h"
#include "engine/config_parts.h"
#include "image/convert.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr std::uint64_t kCpuPeriod = 100'000;  // microseconds. compat: docker

// Bytes; "-1" is no limit.
Result<std::int64_t> size_or_none(const std::string& text) {
  if (text == "-1") return -1;
  return image::parse_bytes(text);
}

Status apply_cpu(const LimitWishes& limits, spec::Resources& resources) {
  bool any = !limits.cpus.empty() || limits.cpu_shares || limits.cpu_period || limits.cpu_quota ||
             !limits.cpuset_cpus.empty() || !limits.cpuset_mems.empty();
  if (!any) return {};
  if (!resources.cpu) resources.cpu.emplace();
  auto& cpu = *resources.cpu;
  if (!limits.cpus.empty()) {
    if (limits.cpu_quota || limits.cpu_period)
      return base::usage_error(
          "--cpus is a quota in a period: --cpu-quota and --cpu-period cannot "
          "stand beside it");
    cpu.quota = TRY(image::parse_cpus(limits.cpus), "--cpus");
    cpu.period = kCpuPeriod;
  }
  if (limits.cpu_shares) cpu.shares = limits.cpu_shares;
  if (limits.cpu_period) cpu.period = limits.cpu_period;
  if (limits.cpu_quota) cpu.quota = limits.cpu_quota;
  if (!limits.cpuset_cpus.empty()) cpu.cpus = limits.cpuset_cpus;
  if (!limits.cpuset_mems.empty()) cpu.mems = limits.cpuset_mems;
  return {};
}

Status apply_memory_size(const LimitWishes& limits, spec::Memory& memory) {
  bool counted_in = !memory.swap || memory.swap == memory.limit;
  if (!limits.memory.empty()) {
    memory.limit = TRY(size_or_none(limits.memory), "--memory");
    // With swap counted in, so that the limit bites where there is swap.
    if (counted_in) memory.swap = memory.limit;
  }
  if (limits.memory_swap.empty()) return {};
  auto swap = TRY(size_or_none(limits.memory_swap), "--memory-swap");
  if (!memory.limit)
    return base::usage_error("--memory-swap is memory and swap together: say --memory, too");
  if (swap >= 0 && swap < *memory.limit)
    return base::usage_error(
        "--memory-swap is memory and swap together: it cannot be less than "
        "--memory");
  memory.swap = swap;
  return {};
}

Status apply_memory(const LimitWishes& limits, spec::Resources& resources) {
  bool any = !limits.memory.empty() || !limits.memory_swap.empty() ||
             !limits.memory_reservation.empty() || limits.memory_swappiness ||
             limits.oom_kill_disable;
  if (!any) return {};
  if (!resources.memory) resources.memory.emplace();
  auto& memory = *resources.memory;
  TRY(apply_memory_size(limits, memory));
  if (!limits.memory_reservation.empty()) {
    memory.reservation = TRY(size_or_none(limits.memory_reservation), "--memory-reservation");
    if (memory.limit && *memory.limit > 0 && *memory.reservation > *memory.limit)
      return base::usage_error("--memory-reservation is more than --memory");
  }
  if (limits.memory_swappiness) memory.swappiness = limits.memory_swappiness;
  if (limits.oom_kill_disable) memory.disable_oom_killer = true;
  return {};
}

struct DeviceValue {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::string value{};
};

// "/dev/sda:1M".
Result<DeviceValue> device_value(const std::string& text) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos || !text.starts_with('/'))
    return base::usage_error("must be DEVICE:VALUE, got ", base::quote(text));
  auto path = text.substr(0, colon);
  auto st = TRY(sys::fstatat(FdRef::cwd(), path, 0));
  if (!S_ISBLK(st.st_mode)) return base::usage_error(base::quote(path), " is no block device");
  DeviceValue out;
  out.major = major(st.st_rdev);
  out.minor = minor(st.st_rdev);
  out.value = text.substr(colon + 1);
  return out;
}

Status apply_rates(const Words& wishes, bool bytes, std::vector<spec::ThrottleDevice>& out) {
  for (const auto& text : wishes) {
    auto device = TRY(device_value(text));
    spec::ThrottleDevice throttle;
    throttle.major = device.major;
    throttle.minor = device.minor;
    if (bytes) {
      throttle.rate = static_cast<std::uint64_t>(TRY(base::parse_size(device.value)));
    } else {
      auto rate = base::parse<std::uint64_t>(device.value);
      if (!rate) return base::usage_error("must be a number, got ", base::quote(device.value));
      throttle.rate = *rate;
    }
    std::erase_if(out, [&](const auto& known) {
      return known.major == throttle.major && known.minor == throttle.minor;
    });
    out.push_back(throttle);
  }
  return {};
}

Status apply_weights(const Words& wishes, std::vector<spec::WeightDevice>& out) {
  for (const auto& text : wishes) {
    auto device = TRY(device_value(text));
    auto weight = base::parse<std::uint16_t>(device.value);
    if (!weight || *weight < 10 || *weight > 1000)
      return base::usage_error("must be a weight from 10 to 1000, got ", base::quote(device.value));
    spec::WeightDevice one;
    one.major = device.major;
    one.minor = device.minor;
    one.weight = weight;
    out.push_back(one);
  }
  return {};
}

Status apply_block_io(const LimitWishes& limits, spec::Resources& resources) {
  bool any = limits.blkio_weight || !limits.blkio_weight_device.empty() ||
             !limits.device_read_bps.empty() || !limits.device_write_bps.empty() ||
             !limits.device_read_iops.empty() || !limits.device_write_iops.empty();
  if (!any) return {};
  if (!resources.block_io) resources.block_io.emplace();
  auto& io = *resources.block_io;
  if (limits.blkio_weight) io.weight = limits.blkio_weight;
  TRY(apply_weights(limits.blkio_weight_device, io.weight_device), "--blkio-weight-device");
  TRY(apply_rates(limits.device_read_bps, true, io.throttle_read_bps_device), "--device-read-bps");
  TRY(apply_rates(limits.device_write_bps, true, io.throttle_write_bps_device),
      "--device-write-bps");
  TRY(apply_rates(limits.device_read_iops, false, io.throttle_read_iops_device),
      "--device-read-iops");
  TRY(apply_rates(limits.device_write_iops, false, io.throttle_write_iops_device),
      "--device-write-iops");
  return {};
}

}  // namespace

Status apply_limits(const LimitWishes& limits, spec::Resources& resources) {
  TRY(apply_cpu(limits, resources));
  TRY(apply_memory(limits, resources));
  if (limits.pids) {
    if (!resources.pids) resources.pids.emplace();
    // compat: docker: 0 is no limit, too
    resources.pids->limit = *limits.pids > 0 ? *limits.pids : -1;
  }
  return apply_block_io(limits, resources);
}

}  // namespace engine
