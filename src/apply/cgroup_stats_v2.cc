// Usage from the control files of the v2 hierarchy, in the units of v1.
#include <limits>

#include "apply/cgroup_stats_text.h"
#include "base/text.h"

namespace apply {
namespace {

constexpr std::uint64_t kNanosecondsInMicrosecond = 1000;
constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();

void add(std::vector<BlockIoEntry>& out, std::uint64_t major, std::uint64_t minor,
         const char* operation, std::uint64_t value) {
  out.push_back({major, minor, operation, value});
}

// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6"
void add_device(std::string_view line, BlockIoStats& out) {
  auto parts = base::words(line);
  if (parts.size() < 2) return;
  auto colon = parts[0].find(':');
  if (colon == parts[0].npos) return;
  auto major = base::parse<std::uint64_t>(parts[0].substr(0, colon));
  auto minor = base::parse<std::uint64_t>(parts[0].substr(colon + 1));
  if (!major || !minor) return;
  for (auto part : parts) {
    auto equal = part.find('=');
    if (equal == part.npos) continue;
    auto key = part.substr(0, equal);
    auto value = base::parse<std::uint64_t>(part.substr(equal + 1));
    if (!value) continue;
    if (key == "rbytes") add(out.service_bytes, *major, *minor, "Read", *value);
    if (key == "wbytes") add(out.service_bytes, *major, *minor, "Write", *value);
    if (key == "rios") add(out.serviced, *major, *minor, "Read", *value);
    if (key == "wios") add(out.serviced, *major, *minor, "Write", *value);
  }
}

}  // namespace

void cpu_v2(const ControlFiles& files, CpuStats& out) {
  auto numbers = keyed_numbers_in(files, "cpu.stat");
  out.total = value_of(numbers, "usage_usec") * kNanosecondsInMicrosecond;
  out.user = value_of(numbers, "user_usec") * kNanosecondsInMicrosecond;
  out.kernel = value_of(numbers, "system_usec") * kNanosecondsInMicrosecond;
  out.periods = value_of(numbers, "nr_periods");
  out.throttled_periods = value_of(numbers, "nr_throttled");
  out.throttled_time = value_of(numbers, "throttled_usec") * kNanosecondsInMicrosecond;
}

void cpuset_v2(const ControlFiles& files, CpusetStats& out) {
  out.cpus = number_list(files.text("cpuset.cpus.effective").value_or(""));
  out.mems = number_list(files.text("cpuset.mems.effective").value_or(""));
}

void memory_v2(const ControlFiles& files, MemoryStats& out) {
  out.raw = keyed_numbers_in(files, "memory.stat");
  out.cache = value_of(out.raw, "file");
  out.memory.usage = number_in(files, "memory.current");
  out.memory.limit = number_in(files, "memory.max");
  out.memory.most = number_in(files, "memory.peak");
  out.memory.failures = value_of(keyed_numbers_in(files, "memory.events"), "max");
  // compat: v1 and runc count memory and swap together; of two peaks there is no sum.
  out.swap.usage = number_in(files, "memory.swap.current") + out.memory.usage;
  out.swap.limit = number_in(files, "memory.swap.max");
  if (out.swap.limit != kNoLimit)
    out.swap.limit = out.memory.limit == kNoLimit ? kNoLimit : out.swap.limit + out.memory.limit;
  out.swap.failures = value_of(keyed_numbers_in(files, "memory.swap.events"), "max");
}

void block_io_v2(const ControlFiles& files, BlockIoStats& out) {
  auto text = files.text("io.stat").value_or("");
  for (auto line : base::split(text, '\n')) add_device(line, out);
}

void hugepages_v2(const ControlFiles& files, std::vector<HugepageStats>& out) {
  for (const auto& size : page_sizes(files, ".current")) {
    auto at = base::cat("hugetlb.", size);
    HugepageStats row;
    row.page_size = size;
    row.usage = number_in(files, at + ".current");
    row.failures = value_of(keyed_numbers_in(files, at + ".events"), "max");
    out.push_back(std::move(row));
  }
}

void pids_stats(const ControlFiles& files, PidsStats& out) {
  out.current = number_in(files, "pids.current");
  auto limit = number_in(files, "pids.max");
  out.limit = limit == kNoLimit ? 0 : limit;
}

void pressure_stats(const ControlFiles& files, CgroupStats& out) {
  out.cpu.pressure = pressure_in(files, "cpu.pressure");
  out.memory.pressure = pressure_in(files, "memory.pressure");
  out.block_io.pressure = pressure_in(files, "io.pressure");
}

}  // namespace apply
