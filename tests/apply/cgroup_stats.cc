// Usage, from the texts of control files.
#include "apply/cgroup_stats.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>

#include "apply/cgroup_stats_text.h"
#include "apply/oom.h"

using apply::BlockIoEntry;
using apply::ControlFiles;
using apply::MemoryUse;

namespace {

constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();

ControlFiles files(const std::map<std::string, std::string>& texts) {
  ControlFiles out;
  for (const auto& [name, text] : texts) out.names.push_back(name);
  out.text = [texts](const std::string& name) -> std::optional<std::string> {
    auto at = texts.find(name);
    if (at == texts.end()) return std::nullopt;
    return at->second;
  };
  return out;
}

using Numbers = std::vector<std::uint64_t>;
using Entries = std::vector<BlockIoEntry>;

}  // namespace

TEST_CASE("v1 counts processor time in nanoseconds and in ticks of ten milliseconds") {
  apply::CpuStats cpu;
  auto group = files({{"cpuacct.usage", "19233642\n"},
                      {"cpuacct.stat", "user 3\nsystem 4\n"},
                      {"cpuacct.usage_percpu", "2741627 16492015 \n"},
                      {"cpuacct.usage_all", "cpu user system\n0 1 2\n1 3 4\n"},
                      {"cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 5000\n"}});
  apply::cpuacct_v1(group, cpu);
  apply::cpu_v1(group, cpu);
  CHECK(cpu.total == 19233642);
  CHECK(cpu.user == 30'000'000);
  CHECK(cpu.kernel == 40'000'000);
  CHECK(cpu.per_cpu == Numbers{2741627, 16492015});
  CHECK(cpu.per_cpu_user == Numbers{1, 3});
  CHECK(cpu.per_cpu_kernel == Numbers{2, 4});
  CHECK(cpu.periods == 7);
  CHECK(cpu.throttled_periods == 2);
  CHECK(cpu.throttled_time == 5000);
}

TEST_CASE("v2 counts processor time in microseconds, which become nanoseconds") {
  apply::CpuStats cpu;
  apply::cpu_v2(files({{"cpu.stat",
                        "usage_usec 30\nuser_usec 10\nsystem_usec 20\nnice_usec 0\n"
                        "nr_periods 7\nnr_throttled 2\nthrottled_usec 5\n"}}),
                cpu);
  CHECK(cpu.total == 30000);
  CHECK(cpu.user == 10000);
  CHECK(cpu.kernel == 20000);
  CHECK(cpu.per_cpu.empty());
  CHECK(cpu.periods == 7);
  CHECK(cpu.throttled_time == 5000);
}

TEST_CASE("v1 tells of memory, of memory with swap, and of the kernel's part") {
  apply::MemoryStats memory;
  apply::memory_v1(files({{"memory.usage_in_bytes", "606208\n"},
                          {"memory.max_usage_in_bytes", "1961984\n"},
                          {"memory.failcnt", "3\n"},
                          {"memory.limit_in_bytes", "104857600\n"},
                          {"memory.memsw.limit_in_bytes", "9223372036854771712\n"},
                          {"memory.kmem.usage_in_bytes", "233472\n"},
                          {"memory.kmem.tcp.failcnt", "1\n"},
                          {"memory.stat", "cache 4096\nrss 57344\n"}}),
                   memory);
  CHECK(memory.memory == MemoryUse{104857600, 606208, 1961984, 3});
  CHECK(memory.swap.limit == 9223372036854771712U);
  CHECK(memory.kernel.usage == 233472);
  CHECK(memory.kernel_tcp.failures == 1);
  CHECK(memory.cache == 4096);
  CHECK(memory.raw == apply::KeyedNumbers{{"cache", 4096}, {"rss", 57344}});
}

TEST_CASE("v2 counts swap alone, and memory with swap is the sum") {
  apply::MemoryStats memory;
  apply::memory_v2(files({{"memory.current", "100\n"},
                          {"memory.max", "1000\n"},
                          {"memory.peak", "500\n"},
                          {"memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n"},
                          {"memory.swap.current", "20\n"},
                          {"memory.swap.max", "300\n"},
                          {"memory.stat", "anon 60\nfile 40\n"}}),
                   memory);
  CHECK(memory.memory == MemoryUse{1000, 100, 500, 9});
  CHECK(memory.swap == MemoryUse{1300, 120, 0, 0});
  CHECK(memory.cache == 40);
}

TEST_CASE("v2 without a limit has the greatest number, with swap too") {
  apply::MemoryStats memory;
  apply::memory_v2(files({{"memory.max", "max\n"}, {"memory.swap.max", "0\n"}}), memory);
  CHECK(memory.memory.limit == kNoLimit);
  CHECK(memory.swap.limit == kNoLimit);
}

TEST_CASE("processes: no limit is 0") {
  apply::PidsStats pids;
  apply::pids_stats(files({{"pids.current", "3\n"}, {"pids.max", "50\n"}}), pids);
  CHECK(pids.current == 3);
  CHECK(pids.limit == 50);
  apply::pids_stats(files({{"pids.current", "3\n"}, {"pids.max", "max\n"}}), pids);
  CHECK(pids.limit == 0);
}

TEST_CASE("v1 tells of disks by the scheduler that counts, sums left out") {
  apply::BlockIoStats io;
  apply::block_io_v1(files({{"blkio.bfq.io_service_bytes_recursive", "Total 0\n"},
                            {"blkio.throttle.io_service_bytes_recursive",
                             "8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n"},
                            {"blkio.bfq.io_serviced_recursive", "8:0 Write 2\n"},
                            {"blkio.throttle.io_serviced_recursive", "8:0 Write 99\n"},
                            {"blkio.sectors_recursive", "8:16 1234\n"}}),
                     io);
  CHECK(io.service_bytes == Entries{{8, 0, "Read", 4096}, {8, 0, "Total", 4096}});
  CHECK(io.serviced == Entries{{8, 0, "Write", 2}});
  CHECK(io.sectors == Entries{{8, 16, "", 1234}});
  CHECK(io.merged.empty());
}

TEST_CASE("v2 tells of disks in one line each") {
  apply::BlockIoStats io;
  apply::block_io_v2(
      files({{"io.stat",
              "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 \n253:0 rbytes=7\n"}}),
      io);
  CHECK(io.service_bytes == Entries{{8, 0, "Read", 1}, {8, 0, "Write", 2}, {253, 0, "Read", 7}});
  CHECK(io.serviced == Entries{{8, 0, "Read", 3}, {8, 0, "Write", 4}});
}

TEST_CASE("huge pages are told of by size, reservations not") {
  std::vector<apply::HugepageStats> v1;
  apply::hugepages_v1(files({{"hugetlb.2MB.limit_in_bytes", "9\n"},
                             {"hugetlb.2MB.usage_in_bytes", "1\n"},
                             {"hugetlb.2MB.max_usage_in_bytes", "2\n"},
                             {"hugetlb.2MB.failcnt", "3\n"},
                             {"hugetlb.2MB.rsvd.limit_in_bytes", "9\n"}}),
                      v1);
  CHECK(v1 == std::vector<apply::HugepageStats>{{"2MB", 1, 2, 3}});
  std::vector<apply::HugepageStats> v2;
  apply::hugepages_v2(files({{"hugetlb.1GB.current", "5\n"},
                             {"hugetlb.1GB.events", "max 6\n"},
                             {"hugetlb.1GB.rsvd.current", "9\n"}}),
                      v2);
  CHECK(v2 == std::vector<apply::HugepageStats>{{"1GB", 5, 0, 6}});
}

TEST_CASE("cpusets are lists of numbers") {
  CHECK(apply::number_list("0-2,7\n") == Numbers{0, 1, 2, 7});
  CHECK(apply::number_list("\n").empty());
  CHECK(apply::number_list("2-1").empty());
  CHECK(apply::number_list("0-99999999999").empty());
  apply::CpusetStats v1;
  apply::cpuset_v1(files({{"cpuset.cpus", "0-1\n"}, {"cpuset.sched_relax_domain_level", "-1\n"}}),
                   v1);
  CHECK(v1.cpus == Numbers{0, 1});
  CHECK(v1.settings.size() == 9);
  CHECK(v1.settings.back() == std::pair<std::string, std::int64_t>("sched_relax_domain_level", -1));
  apply::CpusetStats v2;
  apply::cpuset_v2(files({{"cpuset.cpus", "\n"}, {"cpuset.cpus.effective", "1\n"}}), v2);
  CHECK(v2.cpus == Numbers{1});
  CHECK(v2.settings.empty());
}

TEST_CASE("pressure is percent and microseconds, and absent where the kernel does not count") {
  auto group = files({{"memory.pressure",
                       "some avg10=1.50 avg60=0.25 avg300=0.00 total=1234\n"
                       "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"},
                      {"io.pressure", ""}});
  apply::CgroupStats stats;
  apply::pressure_stats(group, stats);
  REQUIRE(stats.memory.pressure);
  CHECK(stats.memory.pressure->some == apply::PressureLine{1.5, 0.25, 0, 1234});
  CHECK(stats.memory.pressure->full.total == 5);
  CHECK_FALSE(stats.cpu.pressure);
  CHECK_FALSE(stats.block_io.pressure);
}

TEST_CASE("what is absent or garbled counts as zero") {
  apply::MemoryStats memory;
  apply::memory_v1(
      files({{"memory.usage_in_bytes", "many\n"}, {"memory.stat", "cache\n \nrss x y\n"}}), memory);
  CHECK(memory.memory == MemoryUse{});
  CHECK(memory.raw.empty());
}

TEST_CASE("kills for want of memory are counted in both versions' files") {
  CHECK(apply::oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n") == 3);
  CHECK(apply::oom_kills("low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n") == 1);
  CHECK(apply::oom_kills("oom_kill_disable 0\n") == 0);
}
