// What a container uses, as `stats` shows it. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace engine {

struct Usage {
  std::uint64_t cpu = 0;           // nanoseconds, of all processors together
  std::uint64_t memory = 0;        // bytes, without what the kernel can drop at once
  std::uint64_t memory_limit = 0;  // 0: none
  std::uint64_t pids = 0;
  std::uint64_t read = 0;  // bytes, of block devices
  std::uint64_t written = 0;
  std::uint64_t received = 0;  // bytes, of network interfaces
  std::uint64_t sent = 0;
  std::int64_t when = 0;  // nanoseconds of a clock that only goes forward
};

// Of a line of `runtime events --stats`. What is zero may be absent.
base::Result<Usage> read_usage(std::string_view line);
// Adds the bytes of all interfaces but the loopback. man: proc(5), /proc/pid/net/dev
void add_network(std::string_view net_dev, Usage& usage);

// Of one processor, between the two: 150.0 is one and a half. compat: docker stats
double cpu_percent(const Usage& before, const Usage& now);
// "12.34"
std::string show_percent(double percent);
// "1.5MiB" and "1.5MB". compat: docker stats
std::string show_binary(std::uint64_t bytes);
std::string show_decimal(std::uint64_t bytes);

}  // namespace engine
