#include "plan/update.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "plan/cgroup_undo.h"

using plan::CgroupHost;
using plan::text_before;
using plan::Update;
using spec::Resources;

namespace {

using Lines = std::vector<std::string>;

CgroupHost v2_host() {
  CgroupHost host;
  host.hierarchies.push_back(
      {.mount = "/sys/fs/cgroup",
       .controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"},
       .v2 = true});
  return host;
}

CgroupHost v1_host() {
  CgroupHost host;
  for (const char* name : {"cpu", "cpuset", "memory", "blkio", "pids", "net_prio"})
    host.hierarchies.push_back(
        {.mount = std::string("/sys/fs/cgroup/") + name, .controllers = {name}});
  return host;
}

Update updated(const Resources& stored, const Resources& wanted, const CgroupHost& host) {
  auto out = plan::update(stored, wanted, host);
  if (!out) FAIL(out.error().text());
  return std::move(out).value();
}

Lines writes_of(const Update& update) {
  Lines out;
  for (const auto& write : update.writes) out.push_back(write.file + "=" + write.text);
  return out;
}

Resources memory(spec::Memory m) { return {.memory = std::move(m)}; }
Resources cpu(spec::Cpu c) { return {.cpu = std::move(c)}; }

}  // namespace

TEST_CASE("only what is wanted is written, and all that is in force is kept") {
  Resources stored{.memory = spec::Memory{.limit = 100},
                   .cpu = spec::Cpu{.shares = 512},
                   .pids = spec::Pids{.limit = 5}};
  auto out = updated(stored, {.pids = spec::Pids{.limit = 9}}, v1_host());
  CHECK(writes_of(out) == Lines{"pids.max=9"});
  stored.pids->limit = 9;
  CHECK(out.in_force == stored);
}

TEST_CASE("an empty update writes nothing and changes nothing") {
  auto stored = memory({.limit = 100});
  auto out = updated(stored, {}, v1_host());
  CHECK(out.writes.empty());
  CHECK(out.in_force == stored);
}

TEST_CASE("zero is not set: what callers fill in does not change a limit") {
  auto stored = memory({.limit = 100, .reservation = 50});
  auto out = updated(stored, memory({.limit = 0, .reservation = 0, .swap = 0}), v1_host());
  CHECK(out.writes.empty());
  CHECK(out.in_force == stored);
}

TEST_CASE("device rules are never updated") {
  Resources stored{.devices = {{.allow = false}}};
  auto out = updated(stored, {.devices = {{.allow = true, .access = "rwm"}}}, v1_host());
  CHECK(out.writes.empty());
  CHECK(out.in_force == stored);
}

TEST_CASE("on v2 a lone quota or period goes with the present other half") {
  auto stored = cpu({.quota = 50000, .period = 200000});
  CHECK(writes_of(updated(stored, cpu({.quota = 20000}), v2_host())) ==
        Lines{"cpu.max=20000 200000"});
  CHECK(writes_of(updated(stored, cpu({.period = 100000}), v2_host())) ==
        Lines{"cpu.max=50000 100000"});
  CHECK(writes_of(updated({}, cpu({.period = 100000}), v2_host())) == Lines{"cpu.max=max 100000"});
  // The next update finds what this one has left.
  auto next = updated(stored, cpu({.period = 100000}), v2_host()).in_force;
  CHECK(writes_of(updated(next, cpu({.quota = -1}), v2_host())) == Lines{"cpu.max=max 100000"});
}

TEST_CASE("on v1 quota and period are files of their own") {
  auto out = updated(cpu({.quota = 50000, .period = 200000}), cpu({.quota = 20000}), v1_host());
  CHECK(writes_of(out) == Lines{"cpu.cfs_quota_us=20000"});
}

TEST_CASE("on v2 a limit of swap alone is counted from the present limit of memory") {
  auto out = updated(memory({.limit = 100, .swap = 150}), memory({.swap = 300}), v2_host());
  CHECK(writes_of(out) == Lines{"memory.swap.max=200", "memory.max=100"});
  CHECK(out.in_force == memory({.limit = 100, .swap = 300}));
}

TEST_CASE("on v2 a limit of memory alone leaves the swap, and the sum of both moves along") {
  auto out = updated(memory({.limit = 100, .swap = 150}), memory({.limit = 400}), v2_host());
  CHECK(writes_of(out) == Lines{"memory.max=400"});
  CHECK(out.in_force == memory({.limit = 400, .swap = 450}));
}

TEST_CASE("on v1 a limit of memory alone leaves the limit of both") {
  auto out = updated(memory({.limit = 100, .swap = 500}), memory({.limit = 400}), v1_host());
  CHECK(writes_of(out) == Lines{"memory.limit_in_bytes=400"});
  CHECK(out.in_force == memory({.limit = 400, .swap = 500}));
}

TEST_CASE("memory without a limit has swap without one") {
  auto stored = memory({.limit = 100, .swap = 150});
  auto v1 = updated(stored, memory({.limit = -1}), v1_host());
  CHECK(writes_of(v1) == Lines{"memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"});
  CHECK(v1.in_force == memory({.limit = -1, .swap = -1}));
  auto v2 = updated(stored, memory({.limit = -1}), v2_host());
  CHECK(writes_of(v2) == Lines{"memory.swap.max=max", "memory.max=max"});
}

TEST_CASE("a limit of kernel memory, which no kernel keeps any more, is refused") {
  spec::Resources wanted;
  wanted.memory = spec::Memory{.kernel = 4096};
  auto refused = plan::update({}, wanted, {});
  REQUIRE(!refused);
  CHECK(refused.error().text().starts_with("linux.resources.memory.kernel: "));
}

TEST_CASE("on v1 memory and swap are written in whichever order the kernel takes") {
  auto out =
      updated(memory({.limit = 100, .swap = 100}), memory({.limit = 400, .swap = 400}), v1_host());
  REQUIRE(out.writes.size() == 2);
  CHECK(out.writes[0].any_order);
  CHECK(out.writes[1].any_order);
}

TEST_CASE("a group that is idle no more gets its own shares back") {
  auto out = updated(cpu({.shares = 512, .idle = 1}), cpu({.idle = 0}), v1_host());
  CHECK(writes_of(out) == Lines{"cpu.idle=0", "cpu.shares=512"});
  auto refused = plan::update(cpu({.idle = 1}), cpu({.shares = 512}), v1_host());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().starts_with("linux.resources.cpu.shares: "));
}

TEST_CASE("rows are replaced by what they are about, new ones are added") {
  Resources stored{
      .block_io = spec::BlockIo{.throttle_read_bps_device = {{8, 0, 100}, {8, 16, 100}}},
      .hugepage_limits = {{"2MB", 10}},
      .unified = {{"memory.high", "1"}}};
  Resources wanted{.block_io = spec::BlockIo{.throttle_read_bps_device = {{8, 16, 7}, {9, 0, 8}}},
                   .hugepage_limits = {{"2MB", 20}, {"1GB", 5}},
                   .unified = {{"memory.high", "2"}, {"memory.min", "3"}}};
  auto out = updated(stored, wanted, v2_host()).in_force;
  CHECK(out.block_io->throttle_read_bps_device ==
        std::vector<spec::ThrottleDevice>{{8, 0, 100}, {8, 16, 7}, {9, 0, 8}});
  CHECK(out.hugepage_limits == std::vector<spec::HugepageLimit>{{"2MB", 20}, {"1GB", 5}});
  CHECK(out.unified == std::vector<std::pair<std::string, std::string>>{{"memory.high", "2"},
                                                                        {"memory.min", "3"}});
}

TEST_CASE("a controller that the container has no group of is named") {
  auto refused = plan::update({}, {.hugepage_limits = {{"2MB", 1}}}, v1_host());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text() ==
        "linux.resources.hugepageLimits[0]: needs the cgroup controller hugetlb, which is not "
        "there, got \"1\"");
}

TEST_CASE("what was there before is the text of the file, or its line about the device") {
  CHECK(text_before("pids.max", "5", "max\n") == "max");
  CHECK(text_before("cpu.max", "5 100000", "max 100000\n") == "max 100000");
  CHECK(text_before("cpu.max", "5 100000", "50000 200000\n") == "50000 200000");
  CHECK(text_before("io.weight", "200", "default 100\n8:0 300\n") == "default 100");
  CHECK(text_before("io.max", "8:0 rbps=5",
                    "8:16 rbps=9 wbps=max riops=max wiops=max\n"
                    "8:0 rbps=7 wbps=8 riops=max wiops=max\n") ==
        "8:0 rbps=7 wbps=8 riops=max wiops=max");
  CHECK(text_before("net_prio.ifpriomap", "eth0 5", "lo 0\neth0 3\n") == "eth0 3");
  CHECK(text_before("memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n") ==
        "0");
  CHECK(text_before("cpuset.cpus", "0", "\n") == "\n");
}

TEST_CASE("a device that had no line is freed of its limit again") {
  CHECK(text_before("io.max", "8:0 rbps=5 wiops=6", "") == "8:0 rbps=max wiops=max");
  CHECK(text_before("blkio.throttle.read_bps_device", "8:0 5", "8:16 9\n") == "8:0 0");
  CHECK(text_before("io.bfq.weight", "8:0 200", "default 100\n") == "8:0 default");
  CHECK(text_before("rdma.max", "mlx5_0 hca_handle=2", "") == "mlx5_0 hca_handle=max");
  CHECK_FALSE(text_before("io.latency", "8:0 target=5", ""));
}
