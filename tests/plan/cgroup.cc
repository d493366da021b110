#include "plan/cgroup.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>

#include "plan/cgroup_limits.h"

using plan::cgroup_limits;
using plan::CgroupHost;
using plan::CgroupMode;
using plan::CgroupWrite;

namespace {

CgroupHost unified_host() {
  CgroupHost host;
  host.mode = CgroupMode::Unified;
  host.hierarchies.push_back(
      {.mount = "/sys/fs/cgroup",
       .controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"},
       .v2 = true,
       .root = "/",
       .own = "/user.slice/session"});
  return host;
}

CgroupHost hybrid_host() {
  CgroupHost host;
  host.mode = CgroupMode::Hybrid;
  for (const char* name :
       {"cpu", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "net_cls", "net_prio"})
    host.hierarchies.push_back({.mount = std::string("/sys/fs/cgroup/") + name,
                                .controllers = {name},
                                .root = "/",
                                .own = "/"});
  host.hierarchies.push_back({.mount = "/sys/fs/cgroup/unified",
                              .controllers = {"hugetlb"},
                              .v2 = true,
                              .root = "/",
                              .own = "/"});
  return host;
}

// "file=text", in order.
std::vector<std::string> writes_of(const spec::Resources& resources, const CgroupHost& host) {
  auto writes = cgroup_limits(resources, host);
  if (!writes) FAIL(writes.error().text());
  std::vector<std::string> out;
  for (const auto& write : writes.value()) out.push_back(write.file + "=" + write.text);
  return out;
}
std::vector<std::string> on_v2(const spec::Resources& r) { return writes_of(r, unified_host()); }
std::vector<std::string> on_v1(const spec::Resources& r) { return writes_of(r, hybrid_host()); }

std::string refused(const spec::Resources& resources, const CgroupHost& host) {
  auto writes = cgroup_limits(resources, host);
  REQUIRE_FALSE(writes);
  return writes.error().text();
}

using Lines = std::vector<std::string>;

spec::Resources memory(spec::Memory m) { return {.memory = std::move(m)}; }
spec::Resources cpu(spec::Cpu c) { return {.cpu = std::move(c)}; }

plan::Host privileged(CgroupHost cgroup) {
  plan::Host host;
  host.cgroup = std::move(cgroup);
  return host;
}

plan::CgroupPlan plan_of(const std::string& path, const plan::Host& host) {
  spec::Linux config;
  config.cgroups_path = path;
  plan::Request request;
  request.id = "c1";
  auto out = plan::cgroup(config, host, request);
  if (!out) FAIL(out.error().text());
  return out.value();
}

std::string path_error(const std::string& path) {
  spec::Linux config;
  config.cgroups_path = path;
  plan::Request request;
  request.id = "c1";
  auto out = plan::cgroup(config, privileged(hybrid_host()), request);
  REQUIRE_FALSE(out);
  return out.error().text();
}

}  // namespace

TEST_CASE("shares become weights on the curve through 2, 1024 and 262144") {
  CHECK(plan::weight_from_shares(2) == 1);
  CHECK(plan::weight_from_shares(512) == 59);
  CHECK(plan::weight_from_shares(1024) == 100);
  CHECK(plan::weight_from_shares(262144) == 10000);
  CHECK(plan::weight_from_shares(1) == 1);
  CHECK(plan::weight_from_shares(1'000'000) == 10000);
  std::uint64_t before = 1;
  for (std::uint64_t shares = 2; shares <= 262144; ++shares) {
    auto weight = plan::weight_from_shares(shares);
    if (weight < before || weight > 10000) FAIL("not rising at ", shares);
    before = weight;
  }
}

TEST_CASE("a blkio weight of 10 to 1000 becomes an io weight of 1 to 10000") {
  CHECK(plan::io_weight(10) == 1);
  CHECK(plan::io_weight(500) == 4950);
  CHECK(plan::io_weight(1000) == 10000);
  CHECK(plan::io_weight(1) == 1);
}

TEST_CASE("v2 limits swap alone: memory and swap together less memory") {
  CHECK(on_v2(memory({.limit = 1000, .swap = 3000})) ==
        Lines{"memory.swap.max=2000", "memory.max=1000"});
  CHECK(on_v2(memory({.limit = 1000, .swap = -1})) ==
        Lines{"memory.swap.max=max", "memory.max=1000"});
  CHECK(on_v2(memory({.limit = -1})) == Lines{"memory.swap.max=max", "memory.max=max"});
  CHECK(on_v2(memory({.limit = 1000})) == Lines{"memory.max=1000"});
  CHECK(on_v2(memory({.reservation = 500})) == Lines{"memory.low=500"});
}

TEST_CASE("swap equal to the limit means none, which is written") {
  auto writes = cgroup_limits(memory({.limit = 1000, .swap = 1000}), unified_host());
  REQUIRE(writes);
  CHECK(writes.value()[0].file == "memory.swap.max");
  CHECK(writes.value()[0].text == "0");
  CHECK(writes.value()[0].tolerate == std::vector<int>{ENOENT});
}

TEST_CASE("on v2 swap needs a limit that it is not below") {
  CHECK(refused(memory({.swap = 1000}), unified_host()).starts_with("linux.resources.memory.swap"));
  CHECK(refused(memory({.limit = 1000, .swap = 999}), unified_host()).find("got 999") !=
        std::string::npos);
}

TEST_CASE("what v2 has no word for is an error, its default is not") {
  for (const auto& m : {spec::Memory{.kernel = 1}, spec::Memory{.kernel_tcp = 1},
                        spec::Memory{.swappiness = 0}, spec::Memory{.disable_oom_killer = true}})
    CHECK(refused(memory(m), unified_host()).find("cgroup v2 has nothing like it") !=
          std::string::npos);
  CHECK(on_v2(memory({.kernel = -1, .kernel_tcp = -1, .disable_oom_killer = false})).empty());
  CHECK(refused(cpu({.realtime_runtime = 5}), unified_host())
            .starts_with("linux.resources.cpu.realtimeRuntime"));
}

TEST_CASE("what no kernel does any more is an error, on both versions") {
  for (const auto& host : {hybrid_host(), unified_host()}) {
    CHECK(refused(memory({.use_hierarchy = false}), host)
              .starts_with("linux.resources.memory.useHierarchy: Linux counts"));
    CHECK(cgroup_limits(memory({.use_hierarchy = true}), host).value().empty());
  }
}

TEST_CASE("checkBeforeUpdate compares with the usage") {
  auto writes = cgroup_limits(memory({.limit = 1000, .check_before_update = true}), unified_host());
  REQUIRE(writes);
  CHECK(writes.value()[0].check_usage);
  CHECK(writes.value()[0].usage_file == "memory.current");
}

TEST_CASE("v1 memory: limit and memory with swap, in whichever order the kernel takes") {
  auto writes = cgroup_limits(memory({.limit = 1000, .swap = 3000}), hybrid_host());
  REQUIRE(writes);
  REQUIRE(writes.value().size() == 2);
  CHECK(writes.value()[0].file == "memory.limit_in_bytes");
  CHECK(writes.value()[1].file == "memory.memsw.limit_in_bytes");
  CHECK(writes.value()[0].any_order);
  CHECK(writes.value()[1].any_order);
  CHECK(writes.value()[0].mount == "/sys/fs/cgroup/memory");
  CHECK(writes.value()[0].what == "linux.resources.memory.limit");
}

TEST_CASE("v1 memory: everything of the specification's example") {
  CHECK(on_v1(memory({.limit = 536870912,
                      .reservation = 536870912,
                      .swap = 536870912,
                      .kernel = -1,
                      .kernel_tcp = -1,
                      .swappiness = 0,
                      .disable_oom_killer = false})) ==
        Lines{"memory.limit_in_bytes=536870912", "memory.memsw.limit_in_bytes=536870912",
              "memory.soft_limit_in_bytes=536870912", "memory.kmem.limit_in_bytes=-1",
              "memory.kmem.tcp.limit_in_bytes=-1", "memory.swappiness=0", "memory.oom_control=0"});
  CHECK(on_v1(memory({.limit = -1})) ==
        Lines{"memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"});
}

TEST_CASE("zero sizes, shares, quota, period and weight are not set") {
  spec::Resources zero;
  zero.memory = spec::Memory{.limit = 0, .reservation = 0, .swap = 0, .kernel = 0};
  zero.cpu = spec::Cpu{.shares = 0, .quota = 0, .period = 0, .realtime_runtime = 0};
  zero.block_io = spec::BlockIo{.weight = 0};
  CHECK(on_v1(zero).empty());
  CHECK(on_v2(zero).empty());
}

TEST_CASE("cpu.max holds quota and period; what is not given stays") {
  CHECK(on_v2(cpu({.quota = 50000, .period = 200000})) == Lines{"cpu.max=50000 200000"});
  CHECK(on_v2(cpu({.quota = 50000})) == Lines{"cpu.max=50000"});
  CHECK(on_v2(cpu({.quota = -1})) == Lines{"cpu.max=max"});
  CHECK(on_v2(cpu({.period = 50000})) == Lines{"cpu.max=max 50000"});
  CHECK(on_v2(cpu({.quota = 50000, .burst = 10})) == Lines{"cpu.max.burst=10", "cpu.max=50000"});
}

TEST_CASE("v1 cpu: burst, period and quota in whichever order the kernel takes") {
  auto writes =
      cgroup_limits(cpu({.shares = 1024, .quota = 5, .burst = 2, .period = 9}), hybrid_host());
  REQUIRE(writes);
  REQUIRE(writes.value().size() == 4);
  CHECK_FALSE(writes.value()[0].any_order);
  for (std::size_t i = 1; i < 4; ++i) CHECK(writes.value()[i].any_order);
  CHECK(on_v1(cpu({.quota = -5})) == Lines{"cpu.cfs_quota_us=-1"});
  CHECK(on_v1(cpu({.realtime_runtime = 10, .realtime_period = 20})) ==
        Lines{"cpu.rt_period_us=20", "cpu.rt_runtime_us=10"});
}

TEST_CASE("an idle group gets no shares, which the kernel would refuse") {
  CHECK(on_v2(cpu({.shares = 512, .idle = 1})) == Lines{"cpu.idle=1"});
  CHECK(on_v2(cpu({.shares = 512, .idle = 0})) == Lines{"cpu.idle=0", "cpu.weight=59"});
}

TEST_CASE("cpus and mems are cpuset's") {
  auto writes = cgroup_limits(cpu({.cpus = "0-1", .mems = "0"}), hybrid_host());
  REQUIRE(writes);
  REQUIRE(writes.value().size() == 2);
  CHECK(writes.value()[0].mount == "/sys/fs/cgroup/cpuset");
  CHECK(writes.value()[0].file == "cpuset.cpus");
  CHECK(writes.value()[1].what == "linux.resources.cpu.mems");
}

TEST_CASE("only a negative pids limit means none, and zero lets one process be") {
  CHECK(on_v2({.pids = spec::Pids{.limit = -1}}) == Lines{"pids.max=max"});
  CHECK(on_v2({.pids = spec::Pids{.limit = 0}}) == Lines{"pids.max=1"});
  CHECK(on_v1({.pids = spec::Pids{.limit = 32771}}) == Lines{"pids.max=32771"});
  CHECK(on_v1({.pids = spec::Pids{}}).empty());
}

TEST_CASE("block devices: weights with bfq or without, throttles in the words of each version") {
  spec::BlockIo io;
  io.weight = 500;
  io.weight_device = {{.major = 8, .minor = 0, .weight = 10}};
  io.throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 600}};
  io.throttle_write_iops_device = {{.major = 8, .minor = 16, .rate = 0}};
  CHECK(on_v2({.block_io = io}) == Lines{"io.bfq.weight=500", "io.bfq.weight=8:0 10",
                                         "io.max=8:0 rbps=600", "io.max=8:16 wiops=max"});
  CHECK(on_v1({.block_io = io}) == Lines{"blkio.bfq.weight=500", "blkio.bfq.weight_device=8:0 10",
                                         "blkio.throttle.read_bps_device=8:0 600",
                                         "blkio.throttle.write_iops_device=8:16 0"});
  auto writes = cgroup_limits({.block_io = io}, unified_host());
  REQUIRE(writes);
  CHECK(writes.value()[0].otherwise_file == "io.weight");
  CHECK(writes.value()[0].otherwise_text == "4950");
  CHECK(writes.value()[1].otherwise_text == "8:0 1");
  io.leaf_weight = 10;
  CHECK(
      refused({.block_io = io}, unified_host()).starts_with("linux.resources.blockIO.leafWeight"));
}

TEST_CASE("huge pages are limited where they fault and where they are reserved") {
  spec::Resources resources;
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 4194304}};
  CHECK(on_v2(resources) == Lines{"hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304"});
  auto host = hybrid_host();
  host.hierarchies.push_back({.mount = "/h", .controllers = {"hugetlb"}});
  auto writes = cgroup_limits(resources, host);
  REQUIRE(writes);
  CHECK(writes.value()[0].file == "hugetlb.2MB.limit_in_bytes");
  CHECK(writes.value()[0].tolerate.empty());
  CHECK(writes.value()[1].file == "hugetlb.2MB.rsvd.limit_in_bytes");
  CHECK(writes.value()[1].tolerate == std::vector<int>{ENOENT});
}

TEST_CASE("network classes and priorities are v1's alone") {
  spec::Resources resources;
  resources.network = spec::Network{.class_id = 1048577, .priorities = {{"eth0", 500}, {"lo", 1}}};
  CHECK(on_v1(resources) ==
        Lines{"net_cls.classid=1048577", "net_prio.ifpriomap=eth0 500", "net_prio.ifpriomap=lo 1"});
  CHECK(refused(resources, unified_host()).find("net_cls") != std::string::npos);
}

TEST_CASE("rdma limits of a device go into one line") {
  spec::Resources resources;
  resources.rdma = {{.device = "mlx5_1", .hca_handles = 3, .hca_objects = 10000},
                    {.device = "rxe3", .hca_objects = 7}};
  CHECK(on_v2(resources) ==
        Lines{"rdma.max=mlx5_1 hca_handle=3 hca_object=10000", "rdma.max=rxe3 hca_object=7"});
}

TEST_CASE("unified texts are written line by line, last, where the controller is in v2") {
  spec::Resources resources;
  resources.pids = spec::Pids{.limit = 5};
  resources.unified = {{"io.max", "8:0 rbps=1\n8:16 wiops=2\n"}, {"cgroup.max.depth", "3"}};
  CHECK(on_v2(resources) ==
        Lines{"pids.max=5", "io.max=8:0 rbps=1", "io.max=8:16 wiops=2", "cgroup.max.depth=3"});
  CHECK(on_v1({.unified = {{"hugetlb.2MB.max", "0"}}}) == Lines{"hugetlb.2MB.max=0"});
  CHECK(refused({.unified = {{"memory.high", "1"}}}, hybrid_host()) ==
        "linux.resources.unified.memory.high: needs the cgroup controller memory, which is not "
        "there in cgroup v2");
  CHECK_FALSE(cgroup_limits({.unified = {{"cgroup.x/../y", "1"}}}, unified_host()));
}

TEST_CASE("a limit whose controller is absent names the member and the controller") {
  auto host = unified_host();
  host.hierarchies[0].controllers = {"pids"};
  CHECK(refused(memory({.limit = 5}), host) ==
        "linux.resources.memory.limit: needs the cgroup controller memory, which is not there, "
        "got \"5\"");
  CHECK(refused(cpu({.cpus = "0"}), host).starts_with("linux.resources.cpu.cpus: needs"));
  CHECK(cgroup_limits(memory({}), host));
}

TEST_CASE("an absolute path is below the mounts, in every hierarchy") {
  auto plan = plan_of("/a//b/./c/", privileged(hybrid_host()));
  REQUIRE(plan.directories.size() == 10);
  for (const auto& directory : plan.directories) CHECK(directory.path == "/a/b/c");
}

TEST_CASE("a relative path is below our own group on v1 and beside it on v2") {
  auto host = hybrid_host();
  for (auto& row : host.hierarchies) row.own = "/pod/own";
  auto plan = plan_of("x/y", privileged(host));
  CHECK(plan.directories.front().path == "/pod/own/x/y");
  CHECK(plan.directories.back().v2);
  CHECK(plan.directories.back().path == "/pod/x/y");
}

TEST_CASE("where our own group alone is delegated to us, a relative path is below it on v2 too") {
  auto host = unified_host();
  CHECK(plan_of("x", privileged(host)).directories[0].path == "/user.slice/x");
  host.hierarchies[0].own_alone = true;
  CHECK(plan_of("x", privileged(host)).directories[0].path == "/user.slice/session/x");
  CHECK(plan_of("", privileged(host)).directories[0].path == "/user.slice/session/c1");
  CHECK(plan_of("/x", privileged(host)).directories[0].path == "/x");
}

TEST_CASE("without a path the container's id names the group") {
  CHECK(plan_of("", privileged(unified_host())).directories[0].path == "/user.slice/c1");
  auto host = unified_host();
  host.hierarchies[0].own = "/";
  CHECK(plan_of("", privileged(host)).directories[0].path == "/c1");
}

TEST_CASE("paths that leave the tree, name its root or are meant for systemd are refused") {
  for (const char* path : {"/a/../b", "..", "/", ".", "a/..", "system.slice:x:c1"})
    CHECK(path_error(path).starts_with("linux.cgroupsPath: "));
  CHECK(path_error("a:b:c").find("--systemd-cgroup") != std::string::npos);
  // Colons elsewhere are names like others.
  CHECK(plan_of("/a:b:c", privileged(unified_host())).directories[0].path == "/a:b:c");
}

TEST_CASE("a cpuset group on v1 gets what its parent has") {
  auto plan = plan_of("/x", privileged(hybrid_host()));
  for (const auto& directory : plan.directories)
    CHECK((directory.copy_down == Lines{"cpuset.cpus", "cpuset.mems"}) ==
          (directory.mount == "/sys/fs/cgroup/cpuset"));
}

TEST_CASE("unified: all controllers are enabled, those of limits have to be") {
  spec::Linux config;
  config.resources = spec::Resources{.pids = spec::Pids{.limit = 5}};
  plan::Request request;
  request.id = "c1";
  auto plan = plan::cgroup(config, privileged(unified_host()), request);
  REQUIRE(plan);
  CHECK(plan.value().directories[0].enable == unified_host().hierarchies[0].controllers);
  CHECK(plan.value().directories[0].required == Lines{"pids"});
}

TEST_CASE("hybrid: in v2 only the controllers of limits are enabled") {
  CHECK(plan_of("/x", privileged(hybrid_host())).directories.back().enable.empty());
  spec::Linux config;
  config.resources = spec::Resources{.hugepage_limits = {{.page_size = "2MB", .limit = 0}}};
  plan::Request request;
  request.id = "c1";
  auto plan = plan::cgroup(config, privileged(hybrid_host()), request);
  REQUIRE(plan);
  CHECK(plan.value().directories.back().enable == Lines{"hugetlb"});
}

TEST_CASE("device rules are lines where v1 has devices, else a program") {
  auto v1 = plan_of("/x", privileged(hybrid_host()));
  CHECK(v1.device_program.empty());
  REQUIRE_FALSE(v1.writes.empty());
  CHECK(v1.writes[0].file == "devices.deny");
  CHECK(v1.writes[0].text == "a");
  CHECK(v1.writes[0].tolerate.empty());
  auto v2 = plan_of("/x", privileged(unified_host()));
  CHECK_FALSE(v2.device_program.empty());
  CHECK(v2.device_mount == "/sys/fs/cgroup");
  CHECK(v2.writes.empty());
}

TEST_CASE("what may not be done is forgiven to the unprivileged who gave no path") {
  auto host = privileged(hybrid_host());
  host.uid = 1000;
  CHECK(plan_of("", host).best_effort);
  CHECK_FALSE(plan_of("/x", host).best_effort);
  CHECK(plan_of("/x", host).rootless);
  for (const auto& write : plan_of("/x", host).writes)
    CHECK(std::find(write.tolerate.begin(), write.tolerate.end(), EPERM) != write.tolerate.end());
  CHECK_FALSE(plan_of("", privileged(hybrid_host())).best_effort);
  auto nested = privileged(unified_host());
  nested.in_user_namespace = true;
  CHECK(plan_of("", nested).device_program_optional);
}

TEST_CASE("without cgroups there is nothing to do, unless limits are wanted") {
  plan::Host host;
  CHECK(plan_of("", host).directories.empty());
  CHECK(refused({.pids = spec::Pids{.limit = 1}}, {}).find("controller pids") != std::string::npos);
}

TEST_CASE("a container may be left in its caller's groups, but then cannot be limited") {
  plan::Request request;
  request.no_cgroup = true;
  spec::Linux config;
  config.cgroups_path = "/x";
  config.resources = spec::Resources{.devices = {{.allow = false, .access = "rwm"}}};
  auto free = plan::cgroup(config, privileged(hybrid_host()), request);
  REQUIRE(free);
  CHECK(free.value() == plan::CgroupPlan());
  config.resources->pids = spec::Pids{.limit = 5};
  auto limited = plan::cgroup(config, privileged(hybrid_host()), request);
  REQUIRE_FALSE(limited);
  CHECK(limited.error().kind() == base::Kind::Unsupported);
  CHECK(limited.error().text().starts_with("linux.resources: "));
}

TEST_CASE("by systemd, the group is that of the unit, in every hierarchy") {
  plan::Request request;
  request.id = "c1";
  request.systemd_cgroup = true;
  spec::Linux config;
  config.cgroups_path = "a.slice:p:c1";
  config.resources = spec::Resources{.pids = spec::Pids{.limit = 5}};
  auto host = privileged(unified_host());
  host.systemd = plan::SystemdHost{.version = 252};
  auto out = plan::cgroup(config, host, request, {{"org.systemd.property.Foo", "'bar'"}});
  REQUIRE(out);
  REQUIRE(out.value().unit);
  CHECK(out.value().unit->name == "p-c1.scope");
  auto& properties = out.value().unit->properties;
  CHECK(std::count(properties.begin(), properties.end(),
                   plan::UnitProperty{"TasksMax", plan::BusValue::number(5)}) == 1);
  CHECK(properties.back() == plan::UnitProperty{"Foo", plan::BusValue::text("bar")});
  auto& directory = out.value().directories.front();
  CHECK(directory.path == "/a.slice/p-c1.scope");
  CHECK(directory.by_systemd);
  // What systemd enables itself is left to it.
  CHECK(directory.enable == std::vector<std::string>{"pids", "hugetlb", "rdma"});
}

TEST_CASE("without systemd its driver is refused") {
  plan::Request request;
  request.systemd_cgroup = true;
  auto out = plan::cgroup({}, privileged(hybrid_host()), request);
  REQUIRE_FALSE(out);
  CHECK(out.error().kind() == base::Kind::Unsupported);
}
