#include <CLI/CLI.hpp>

#include "engine/cli_make_options.h"

namespace engine {

void add_limit_options(CLI::App* command, LimitWishes& limits) {
  OptionGroup add(command, "Limits");
  add.one("--cpus", limits.cpus, "NUMBER", "how many processors at most, such as 0.5");
  // man: cgroups(7), cpu.shares
  add.one("-c,--cpu-shares,--cpushare", limits.cpu_shares, "WEIGHT",
          "weight against others (1024 is usual)")
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{262144}));
  add.one("--cpu-period", limits.cpu_period, "MICROSECONDS", "in which --cpu-quota is counted");
  add.one("--cpu-quota", limits.cpu_quota, "MICROSECONDS", "of processors in each period");
  add.one("--cpuset-cpus,--cpuset", limits.cpuset_cpus, "LIST", "which processors, such as 0-2,4");
  add.one("--cpuset-mems", limits.cpuset_mems, "LIST", "which memory nodes");
  add.one("-m,--memory", limits.memory, "SIZE", "how much memory at most, such as 100M");
  add.one("--memory-swap", limits.memory_swap, "SIZE", "memory and swap together; -1: any");
  add.one("--memory-reservation", limits.memory_reservation, "SIZE",
          "what it keeps when memory is short");
  add.one("--pids-limit", limits.pids, "NUMBER", "how many processes at most; -1: any");
  add.one("--blkio-weight", limits.blkio_weight, "WEIGHT", "of block devices, 10 to 1000")
      // spec: config-linux.md#block-io
      ->check(CLI::Range(std::uint16_t{10}, std::uint16_t{1000}));
}

void add_first_limit_options(CLI::App* command, LimitWishes& limits) {
  OptionGroup add(command, "Limits");
  add.one("--memory-swappiness", limits.memory_swappiness, "NUMBER", "0 to 100 (cgroup v1)")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{100}));
  add.flag("--oom-kill-disable", limits.oom_kill_disable, "wait instead of dying (cgroup v1)");
  add.many("--blkio-weight-device", limits.blkio_weight_device, "DEVICE:WEIGHT", "of one device");
  add.many("--device-read-bps", limits.device_read_bps, "DEVICE:RATE", "bytes a second, as 1M");
  add.many("--device-write-bps", limits.device_write_bps, "DEVICE:RATE", "bytes a second");
  add.many("--device-read-iops", limits.device_read_iops, "DEVICE:RATE", "reads a second");
  add.many("--device-write-iops", limits.device_write_iops, "DEVICE:RATE", "writes a second");
}

}  // namespace engine
