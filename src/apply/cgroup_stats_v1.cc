// Usage from the control files of v1 hierarchies.
#include <array>

#include "apply/cgroup_stats_text.h"
#include "base/text.h"

namespace apply {
namespace {

// man: proc(5): USER_HZ is 100 on every architecture of today.
constexpr std::uint64_t kNanosecondsInTick = 10'000'000;

MemoryUse memory_use(const ControlFiles& files, std::string_view kind) {
  auto at = [&](std::string_view end) { return number_in(files, base::cat("memory.", kind, end)); };
  MemoryUse out;
  out.usage = at("usage_in_bytes");
  out.most = at("max_usage_in_bytes");
  out.failures = at("failcnt");
  out.limit = at("limit_in_bytes");
  return out;
}

// "8:0 Read 4096", or "8:0 1234"; the line "Total 4096" sums up.
std::vector<BlockIoEntry> entries_of(std::string_view text) {
  std::vector<BlockIoEntry> out;
  for (auto line : base::split(text, '\n')) {
    auto parts = base::words(line);
    if (parts.size() < 2 || parts.size() > 3) continue;
    auto colon = parts[0].find(':');
    if (colon == parts[0].npos) continue;
    auto major = base::parse<std::uint64_t>(parts[0].substr(0, colon));
    auto minor = base::parse<std::uint64_t>(parts[0].substr(colon + 1));
    auto value = base::parse<std::uint64_t>(parts.back());
    if (!major || !minor || !value) continue;
    auto operation = parts.size() == 3 ? parts[1] : std::string_view();
    out.push_back({*major, *minor, std::string(operation), *value});
  }
  return out;
}

// Whoever schedules the devices counts: bfq, cfq (before Linux 5.0), else only the throttling does.
std::vector<BlockIoEntry> table(const ControlFiles& files, std::string_view name) {
  for (std::string_view scheduler : {"blkio.bfq.", "blkio.", "blkio.throttle."})
    if (auto text = files.text(base::cat(scheduler, name, "_recursive")))
      if (auto entries = entries_of(*text); !entries.empty()) return entries;
  if (auto text = files.text(base::cat("blkio.throttle.", name))) return entries_of(*text);
  return {};
}

}  // namespace

void cpu_v1(const ControlFiles& files, CpuStats& out) {
  auto numbers = keyed_numbers_in(files, "cpu.stat");
  out.periods = value_of(numbers, "nr_periods");
  out.throttled_periods = value_of(numbers, "nr_throttled");
  out.throttled_time = value_of(numbers, "throttled_time");
}

void cpuacct_v1(const ControlFiles& files, CpuStats& out) {
  out.total = number_in(files, "cpuacct.usage");
  auto ticks = keyed_numbers_in(files, "cpuacct.stat");
  out.user = value_of(ticks, "user") * kNanosecondsInTick;
  out.kernel = value_of(ticks, "system") * kNanosecondsInTick;
  auto totals = files.text("cpuacct.usage_percpu").value_or("");
  for (auto word : base::words(totals))
    out.per_cpu.push_back(base::parse<std::uint64_t>(word).value_or(0));
  // "cpu user system", and a line for each.
  auto lines = files.text("cpuacct.usage_all").value_or("");
  for (auto line : base::split(lines, '\n')) {
    auto parts = base::words(line);
    if (parts.size() != 3 || parts[0] == "cpu") continue;
    out.per_cpu_user.push_back(base::parse<std::uint64_t>(parts[1]).value_or(0));
    out.per_cpu_kernel.push_back(base::parse<std::uint64_t>(parts[2]).value_or(0));
  }
}

void cpuset_v1(const ControlFiles& files, CpusetStats& out) {
  constexpr std::array<const char*, 9> kSettings{
      "cpu_exclusive",   "mem_hardwall",       "mem_exclusive",
      "memory_migrate",  "memory_spread_page", "memory_spread_slab",
      "memory_pressure", "sched_load_balance", "sched_relax_domain_level"};
  out.cpus = number_list(files.text("cpuset.cpus").value_or(""));
  out.mems = number_list(files.text("cpuset.mems").value_or(""));
  for (auto name : kSettings) {
    auto text = files.text(base::cat("cpuset.", name)).value_or("");
    out.settings.emplace_back(name, base::parse<std::int64_t>(base::trim(text)).value_or(0));
  }
}

void memory_v1(const ControlFiles& files, MemoryStats& out) {
  out.raw = keyed_numbers_in(files, "memory.stat");
  out.cache = value_of(out.raw, "cache");
  out.memory = memory_use(files, "");
  out.swap = memory_use(files, "memsw.");
  out.kernel = memory_use(files, "kmem.");
  out.kernel_tcp = memory_use(files, "kmem.tcp.");
}

void block_io_v1(const ControlFiles& files, BlockIoStats& out) {
  out.service_bytes = table(files, "io_service_bytes");
  out.serviced = table(files, "io_serviced");
  out.queued = table(files, "io_queued");
  out.service_time = table(files, "io_service_time");
  out.wait_time = table(files, "io_wait_time");
  out.merged = table(files, "io_merged");
  out.time = table(files, "time");
  out.sectors = table(files, "sectors");
}

void hugepages_v1(const ControlFiles& files, std::vector<HugepageStats>& out) {
  for (const auto& size : page_sizes(files, ".limit_in_bytes")) {
    auto at = [&](std::string_view end) {
      return number_in(files, base::cat("hugetlb.", size, end));
    };
    out.push_back({size, at(".usage_in_bytes"), at(".max_usage_in_bytes"), at(".failcnt")});
  }
}

}  // namespace apply
