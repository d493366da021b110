// linux.resources.blockIO as writes.
// spec: config-linux.md#block-io
#include "base/text.h"
#include "plan/cgroup_limits.h"

namespace plan {
namespace {

template <class Device>
std::string numbers(const Device& device) {
  return base::cat(device.major, ':', device.minor);
}

Status weights_v1(const spec::BlockIo& io, Controller& controller) {
  if (io.weight.value_or(0) != 0) {
    auto text = base::cat(*io.weight);
    TRY(controller.add({.file = "blkio.bfq.weight",
                        .text = text,
                        .what = "weight",
                        .otherwise_file = "blkio.weight",
                        .otherwise_text = text}));
  }
  if (io.leaf_weight.value_or(0) != 0)
    TRY(controller.add(
        {.file = "blkio.leaf_weight", .text = base::cat(*io.leaf_weight), .what = "leafWeight"}));
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const auto& device = io.weight_device[i];
    auto what = base::cat("weightDevice[", i, "].");
    if (device.weight.value_or(0) != 0) {
      auto text = base::cat(numbers(device), ' ', *device.weight);
      TRY(controller.add({.file = "blkio.bfq.weight_device",
                          .text = text,
                          .what = what + "weight",
                          .otherwise_file = "blkio.weight_device",
                          .otherwise_text = text}));
    }
    if (device.leaf_weight.value_or(0) != 0)
      TRY(controller.add({.file = "blkio.leaf_weight_device",
                          .text = base::cat(numbers(device), ' ', *device.leaf_weight),
                          .what = what + "leafWeight"}));
  }
  return {};
}

Status weights_v2(const spec::BlockIo& io, Controller& controller) {
  if (io.leaf_weight.value_or(0) != 0) return controller.no_counterpart("leafWeight");
  if (io.weight.value_or(0) != 0)
    TRY(controller.add({.file = "io.bfq.weight",
                        .text = base::cat(*io.weight),
                        .what = "weight",
                        .otherwise_file = "io.weight",
                        .otherwise_text = base::cat(io_weight(*io.weight))}));
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const auto& device = io.weight_device[i];
    auto what = base::cat("weightDevice[", i, "].");
    if (device.leaf_weight.value_or(0) != 0) return controller.no_counterpart(what + "leafWeight");
    if (device.weight.value_or(0) == 0) continue;
    TRY(controller.add(
        {.file = "io.bfq.weight",
         .text = base::cat(numbers(device), ' ', *device.weight),
         .what = what + "weight",
         .otherwise_file = "io.weight",
         .otherwise_text = base::cat(numbers(device), ' ', io_weight(*device.weight))}));
  }
  return {};
}

struct Throttle {
  const std::vector<spec::ThrottleDevice>& devices;
  std::string_view member;
  std::string_view file_v1;
  std::string_view key_v2;
};

Status throttle(const Throttle& row, Controller& controller) {
  for (std::size_t i = 0; i < row.devices.size(); ++i) {
    const auto& device = row.devices[i];
    CgroupWrite write;
    write.what = base::cat(row.member, "[", i, "]");
    if (controller.v2()) {
      write.file = "io.max";
      // On v1 a rate of 0 is no limit.
      auto rate = device.rate == 0 ? std::string("max") : base::cat(device.rate);
      write.text = base::cat(numbers(device), ' ', row.key_v2, '=', rate);
    } else {
      write.file = row.file_v1;
      write.text = base::cat(numbers(device), ' ', device.rate);
    }
    TRY(controller.add(std::move(write)));
  }
  return {};
}

}  // namespace

std::uint64_t io_weight(std::uint64_t blkio_weight) {
  if (blkio_weight <= 10) return 1;
  if (blkio_weight >= 1000) return 10000;
  return 1 + (blkio_weight - 10) * 9999 / 990;
}

// compat: a weight of 0 is "not set": Docker always sends one.
Status block_io_limits(const spec::BlockIo& io, Controller controller) {
  TRY(controller.v2() ? weights_v2(io, controller) : weights_v1(io, controller));
  const Throttle rows[] = {
      {io.throttle_read_bps_device, "throttleReadBpsDevice", "blkio.throttle.read_bps_device",
       "rbps"},
      {io.throttle_write_bps_device, "throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
       "wbps"},
      {io.throttle_read_iops_device, "throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
       "riops"},
      {io.throttle_write_iops_device, "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
       "wiops"},
  };
  for (const auto& row : rows) TRY(throttle(row, controller));
  return {};
}

}  // namespace plan
