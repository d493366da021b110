// The kernel's own cgroups, in groups of our own that are removed again; needs root.
#include "apply/cgroup.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "apply/cgroup_owner.h"
#include "apply/freezer.h"
#include "apply/probe_cgroup.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/bpf.h"
#include "sys/file.h"
#include "sys/process.h"

using apply::CgroupPaths;
using apply::make_cgroup;
using base::FdRef;
using plan::CgroupHost;

#define NEEDS_ROOT()                \
  if (::geteuid() != 0) {           \
    MESSAGE("skipped: needs root"); \
    return;                         \
  }

namespace {

// Moves a process into every group, as an administrator would.
base::Status join(const apply::CgroupPaths& paths, pid_t pid) {
  for (const auto& group : paths.groups) {
    auto dir = TRY(sys::openat(base::FdRef::cwd(), group.full(), O_PATH | O_DIRECTORY));
    TRY(fs::write_control(dir, "cgroup.procs", base::cat(pid)));
  }
  return {};
}

std::string our_path() { return base::cat("/coracle-test-", ::getpid()); }

std::string file_text(const std::string& path) {
  auto text = fs::read_file(FdRef::cwd(), path);
  if (!text) return "error: " + text.error().text();
  return std::string(base::trim(text.value()));
}

bool exists(const std::string& path) {
  return static_cast<bool>(sys::fstatat(FdRef::cwd(), path, 0));
}

// A process that waits for a signal; killed and reaped at the end.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ != 0) return;
    for (;;) ::pause();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() { end(); }
  pid_t pid() const { return pid_; }
  // How it ended, having been killed by someone else.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

 private:
  pid_t pid_;
};

CgroupHost real_host() {
  auto host = apply::probe_cgroup();
  if (!host) FAIL(host.error().text());
  return host.value();
}

// The cgroup2 mount as if there were no other, wherever it is.
CgroupHost v2_host() {
  auto host = real_host();
  CgroupHost out;
  out.mode = plan::CgroupMode::Unified;
  if (auto v2 = host.unified()) out.hierarchies.push_back(*v2);
  return out;
}

plan::CgroupPlan plan_of(const CgroupHost& cgroup, const std::string& path,
                         spec::Resources resources = {}) {
  plan::Host host;
  host.cgroup = cgroup;
  spec::Linux config;
  config.cgroups_path = path;
  config.resources = std::move(resources);
  plan::Request request;
  request.id = "c1";
  auto out = plan::cgroup(config, host, request);
  if (!out) FAIL(out.error().text());
  return out.value();
}

apply::MadeCgroup made(const plan::CgroupPlan& plan) {
  auto out = make_cgroup(plan);
  if (!out) FAIL(out.error().text());
  return std::move(out).value();
}

void good(const base::Status& status) {
  if (!status) FAIL(status.error().text());
}

std::string where(const CgroupPaths& paths, std::string_view controller) {
  auto group = paths.with_v1(controller);
  REQUIRE(group);
  return group->full();
}

bool holds(const CgroupPaths& paths, int pid) {
  auto pids = apply::processes(paths);
  REQUIRE(pids);
  return std::find(pids.value().begin(), pids.value().end(), pid) != pids.value().end();
}

}  // namespace

TEST_CASE("the probe finds the hierarchies of this machine, each at a mount of its kind") {
  auto host = real_host();
  for (const auto& row : host.hierarchies) {
    CAPTURE(row.mount);
    CHECK(exists(row.mount + "/cgroup.procs"));
    CHECK(exists(row.mount + row.own + "/cgroup.procs"));
    CHECK(row.root == "/");
  }
  CHECK(host.hierarchies.empty() == (host.mode == plan::CgroupMode::None));
}

TEST_CASE("where a mount shows only our own group the probe says so") {
  NEEDS_ROOT();
  auto host = real_host();
  auto pids = host.with("pids");
  if (!pids || pids->v2) return;
  auto group = made(plan_of(host, our_path() + "/inner"));
  auto outer = pids->mount + our_path();
  int told[2];
  REQUIRE(::pipe2(told, O_CLOEXEC) == 0);
  auto pid = ::fork();
  if (pid == 0) {
    std::string answer = "cannot be tried";
    if (join(group.paths(), ::getpid()) && ::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount(outer.c_str(), pids->mount.c_str(), nullptr, MS_BIND, nullptr) == 0)
      if (auto seen = apply::probe_cgroup())
        if (auto row = seen.value().with("pids"))
          answer = base::cat(row->mount, " shows ", row->root, ", we are in ", row->own);
    (void)!::write(told[1], answer.data(), answer.size());
    ::_exit(0);
  }
  char answer[256];
  auto n = ::read(told[0], answer, sizeof answer);
  CHECK(std::string(answer, n > 0 ? static_cast<std::size_t>(n) : 0) ==
        base::cat(pids->mount, " shows ", our_path(), ", we are in /inner"));
  ::waitpid(pid, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
}

TEST_CASE("a group is made in every hierarchy, joined in every hierarchy, and removed") {
  NEEDS_ROOT();
  auto plan = plan_of(real_host(), our_path() + "/inner");
  CgroupPaths paths;
  {
    auto group = made(plan);
    paths = group.paths();
    CHECK(paths == apply::CgroupPaths(paths));
    Sleeper sleeper;
    good(join(group.paths(), sleeper.pid()));
    for (const auto& row : paths.groups) {
      CAPTURE(row.full());
      CHECK(row.made == 2);
      CHECK(file_text(row.full() + "/cgroup.procs") == base::cat(sleeper.pid()));
    }
    auto of = apply::paths_of(sleeper.pid(), real_host());
    REQUIRE(of);
    REQUIRE(of.value().groups.size() == paths.groups.size());
    for (const auto& row : of.value().groups) CHECK(row.path == our_path() + "/inner");
    CHECK(holds(paths, sleeper.pid()));
  }
  for (const auto& row : paths.groups) {
    CHECK_FALSE(exists(row.full()));
    CHECK_FALSE(exists(row.mount + our_path()));
  }
}

TEST_CASE("what is foreseen is what is made") {
  NEEDS_ROOT();
  auto plan = plan_of(real_host(), our_path() + "/a/b");
  auto foreseen = apply::foresee_cgroup(plan);
  auto group = made(plan);
  CHECK(foreseen == group.paths());
  auto again = apply::foresee_cgroup(plan_of(real_host(), our_path() + "/a/c"));
  for (const auto& row : again.groups) CHECK(row.made == 1);
  // What is there already may hold another container's processes.
  CHECK(apply::foresee_cgroup(plan).groups.empty());
}

TEST_CASE("limits of every controller reach the kernel") {
  NEEDS_ROOT();
  auto host = real_host();
  if (!host.with("memory") || host.with("memory")->v2) return;
  spec::Resources resources;
  resources.memory = spec::Memory{.limit = 64 << 20,
                                  .reservation = 32 << 20,
                                  .swap = 96 << 20,
                                  .kernel_tcp = 16 << 20,
                                  .swappiness = 10,
                                  .disable_oom_killer = true};
  resources.cpu = spec::Cpu{
      .shares = 512, .quota = 40000, .burst = 10000, .period = 80000, .cpus = "0", .mems = "0"};
  resources.pids = spec::Pids{.limit = 77};
  auto group = made(plan_of(host, our_path(), resources));
  auto memory = where(group.paths(), "memory");
  CHECK(file_text(memory + "/memory.limit_in_bytes") == base::cat(64 << 20));
  CHECK(file_text(memory + "/memory.memsw.limit_in_bytes") == base::cat(96 << 20));
  CHECK(file_text(memory + "/memory.soft_limit_in_bytes") == base::cat(32 << 20));
  CHECK(file_text(memory + "/memory.kmem.tcp.limit_in_bytes") == base::cat(16 << 20));
  CHECK(file_text(memory + "/memory.swappiness") == "10");
  CHECK(file_text(memory + "/memory.oom_control").starts_with("oom_kill_disable 1"));
  auto cpu = where(group.paths(), "cpu");
  CHECK(file_text(cpu + "/cpu.shares") == "512");
  CHECK(file_text(cpu + "/cpu.cfs_quota_us") == "40000");
  CHECK(file_text(cpu + "/cpu.cfs_period_us") == "80000");
  CHECK(file_text(cpu + "/cpu.cfs_burst_us") == "10000");
  CHECK(file_text(where(group.paths(), "cpuset") + "/cpuset.cpus") == "0");
  CHECK(file_text(where(group.paths(), "pids") + "/pids.max") == "77");
}

TEST_CASE("limits that constrain each other are raised and lowered") {
  NEEDS_ROOT();
  auto host = real_host();
  if (!host.with("memory") || host.with("memory")->v2) return;
  auto limits = [](std::int64_t mib, std::int64_t quota) {
    spec::Resources out;
    out.memory = spec::Memory{.limit = mib << 20, .swap = mib << 21};
    out.cpu = spec::Cpu{.quota = quota,
                        .burst = static_cast<std::uint64_t>(quota),
                        .period = static_cast<std::uint64_t>(quota) * 2};
    return out;
  };
  auto group = made(plan_of(host, our_path(), limits(64, 40000)));
  for (auto [mib, quota] : {std::pair{512, 400000}, std::pair{32, 20000}, std::pair{300, 90000}}) {
    auto writes = plan::cgroup_limits(limits(mib, quota), host);
    REQUIRE(writes);
    good(apply::write_limits(group.paths(), writes.value()));
    CHECK(file_text(where(group.paths(), "memory") + "/memory.limit_in_bytes") ==
          base::cat(mib << 20));
    CHECK(file_text(where(group.paths(), "cpu") + "/cpu.cfs_burst_us") == base::cat(quota));
    CHECK(file_text(where(group.paths(), "cpu") + "/cpu.cfs_quota_us") == base::cat(quota));
  }
  // No order helps: more bandwidth than time.
  spec::Resources impossible;
  impossible.cpu = spec::Cpu{.quota = 5, .period = 10};
  auto writes = plan::cgroup_limits(impossible, host);
  REQUIRE(writes);
  auto refused = apply::write_limits(group.paths(), writes.value());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().starts_with("linux.resources.cpu."));
}

TEST_CASE("devices.list begins with the configured rules in their order") {
  NEEDS_ROOT();
  auto host = real_host();
  if (!host.with("devices")) return;
  spec::Resources resources;
  resources.devices = {{.allow = false, .access = "rwm"},
                       {.allow = true, .type = "c", .major = 10, .minor = 229, .access = "rw"},
                       {.allow = true, .type = "b", .major = 8, .minor = 0, .access = "r"}};
  auto group = made(plan_of(host, our_path(), resources));
  auto list = file_text(where(group.paths(), "devices") + "/devices.list");
  CHECK(list.starts_with("c 10:229 rw\nb 8:0 r\nc *:* m\nb *:* m\nc 1:3 rwm\n"));
  auto open =
      made(plan_of(host, our_path() + "-open", {.devices = {{.allow = true, .access = "rwm"}}}));
  CHECK(file_text(where(open.paths(), "devices") + "/devices.list") == "a *:* rwm");
}

TEST_CASE("an empty group is used and left, one with processes or frozen is refused") {
  NEEDS_ROOT();
  auto plan = plan_of(real_host(), our_path());
  auto outer = made(plan);
  {
    auto again = made(plan);
    for (const auto& row : again.paths().groups) CHECK(row.made == 0);
  }
  for (const auto& row : outer.paths().groups) CHECK(exists(row.full()));
  good(apply::freeze(outer.paths()));
  auto when_frozen = make_cgroup(plan);
  REQUIRE_FALSE(when_frozen);
  CHECK(when_frozen.error().kind() == base::Kind::State);
  CHECK(when_frozen.error().text().find("is frozen") != std::string::npos);
  good(apply::thaw(outer.paths()));
  Sleeper sleeper;
  good(join(outer.paths(), sleeper.pid()));
  auto when_used = make_cgroup(plan);
  REQUIRE_FALSE(when_used);
  CHECK(when_used.error().text().find("holds processes") != std::string::npos);
}

TEST_CASE("removing takes groups made inside along, and is fine twice") {
  NEEDS_ROOT();
  auto group = made(plan_of(real_host(), our_path()));
  for (const auto& row : group.paths().groups) {
    REQUIRE(::mkdir((row.full() + "/x").c_str(), 0755) == 0);
    REQUIRE(::mkdir((row.full() + "/x/y").c_str(), 0755) == 0);
  }
  good(apply::remove_cgroup(group.paths()));
  for (const auto& row : group.paths().groups) CHECK_FALSE(exists(row.full()));
  good(apply::remove_cgroup(group.paths()));
}

TEST_CASE("groups inside are listed and removed, however deep they are") {
  NEEDS_ROOT();
  auto host = v2_host();
  if (host.hierarchies.empty()) return;
  auto group = made(plan_of(host, our_path()));
  Sleeper sleeper;
  constexpr int kDeep = 1500;  // more than a process may usually have open
  auto at = sys::openat(FdRef::cwd(), group.paths().unified()->full(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < kDeep; ++i) {
    REQUIRE(at);
    REQUIRE(sys::mkdirat(at.value(), "g", 0755));
    at = sys::openat(at.value(), "g", O_RDONLY | O_DIRECTORY);
  }
  good(fs::write_control(at.value(), "cgroup.procs", base::cat(sleeper.pid())));
  CHECK(holds(group.paths(), sleeper.pid()));
  sleeper.end();
  good(apply::remove_cgroup(group.paths()));
  CHECK_FALSE(exists(group.paths().unified()->full()));
}

TEST_CASE("a group is given to its owner with the files that the kernel lists, and no others") {
  NEEDS_ROOT();
  auto host = v2_host();
  if (host.hierarchies.empty()) return;
  auto plan = plan_of(host, our_path());
  plan.owner = 12345;
  auto group = made(plan);
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  good(apply::give_cgroup(plan, group.paths(), ::getpid(), proc.value()));
  auto owner = [&](const std::string& name) {
    auto st = sys::fstatat(FdRef::cwd(), group.paths().unified()->full() + name, 0);
    REQUIRE(st);
    return st.value().st_uid;
  };
  CHECK(owner("") == 12345);
  CHECK(owner("/cgroup.procs") == 12345);
  CHECK(owner("/cgroup.subtree_control") == 12345);
  CHECK(owner("/cgroup.threads") == 12345);
  CHECK(owner("/cgroup.max.depth") == 0);
  CHECK(owner("/cgroup.freeze") == 0);
}

TEST_CASE("a parent that another container still uses stays") {
  NEEDS_ROOT();
  auto second = [&] {
    auto first = made(plan_of(real_host(), our_path() + "/first"));
    return made(plan_of(real_host(), our_path() + "/second"));
  }();
  for (const auto& row : second.paths().groups) {
    CHECK(row.made == 1);
    CHECK(exists(row.full()));
    CHECK_FALSE(exists(row.mount + our_path() + "/first"));
  }
  good(apply::remove_cgroup(second.paths()));
  for (const auto& row : second.paths().groups) {
    CHECK(exists(row.mount + our_path()));
    ::rmdir((row.mount + our_path()).c_str());
  }
}

TEST_CASE("a directory beside the mounts is never made") {
  NEEDS_ROOT();
  auto host = real_host();
  CgroupHost wrong;
  wrong.hierarchies.push_back({.mount = "/sys/fs/cgroup/coracle-nothing", .controllers = {"x"}});
  CHECK_FALSE(make_cgroup(plan_of(wrong, our_path(), {})));
  wrong.hierarchies[0].mount = "/tmp";
  auto refused = make_cgroup(plan_of(wrong, our_path()));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("no longer mounted") != std::string::npos);
  CHECK_FALSE(exists("/tmp" + our_path()));
}

TEST_CASE("frozen processes stand still until thawed") {
  NEEDS_ROOT();
  for (const auto& host : {real_host(), v2_host()}) {
    auto group = made(plan_of(host, our_path()));
    Sleeper sleeper;
    good(join(group.paths(), sleeper.pid()));
    auto state = apply::frozen(group.paths());
    REQUIRE(state);
    CHECK_FALSE(state.value());
    good(apply::freeze(group.paths()));
    CHECK(apply::frozen(group.paths()).value());
    good(apply::thaw(group.paths()));
    CHECK_FALSE(apply::frozen(group.paths()).value());
  }
}

TEST_CASE("kill_all ends all, also frozen ones, also those in groups inside") {
  NEEDS_ROOT();
  for (const auto& host : {real_host(), v2_host()}) {
    auto group = made(plan_of(host, our_path()));
    CgroupPaths inside = group.paths();
    for (auto& row : inside.groups) {
      row.path += "/sub";
      REQUIRE(::mkdir(row.full().c_str(), 0755) == 0);
      // Nothing joins a v1 cpuset group without cpus and mems.
      for (const char* file : {"cpuset.cpus", "cpuset.mems"})
        if (row.mount.ends_with("/cpuset"))
          good(fs::write_control(FdRef::cwd(), base::cat(row.full(), "/", file), "0"));
    }
    Sleeper first;
    Sleeper second;
    good(join(group.paths(), first.pid()));
    good(join(inside, second.pid()));
    CHECK(holds(group.paths(), second.pid()));
    good(apply::freeze(group.paths()));
    good(apply::kill_all(group.paths()));
    CHECK(WTERMSIG(first.wait()) == SIGKILL);
    CHECK(WTERMSIG(second.wait()) == SIGKILL);
    CHECK(apply::processes(group.paths()).value().empty());
    good(apply::kill_all(group.paths()));
  }
}

TEST_CASE("a group that is gone has no processes, is not frozen, can be killed and thawed") {
  NEEDS_ROOT();
  auto paths = made(plan_of(real_host(), our_path())).paths();
  CHECK(apply::processes(paths).value().empty());
  CHECK_FALSE(apply::frozen(paths).value());
  CHECK_FALSE(apply::oom_killed(paths).value());
  good(apply::thaw(paths));
  good(apply::kill_all(paths));
  good(apply::remove_cgroup(paths));
  auto joined = apply::enter_v1(paths);
  if (auto unified = apply::open_unified(paths); !unified) joined = std::move(unified).error();
  REQUIRE_FALSE(joined);
  CHECK(joined.error().text().starts_with("join cgroup: "));
}

TEST_CASE("a process can be made right in a v2 group") {
  NEEDS_ROOT();
  auto host = v2_host();
  if (host.hierarchies.empty()) return;
  auto group = made(plan_of(host, our_path()));
  auto dir = group.unified();
  REQUIRE(dir);
  struct clone_args arguments {};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(dir->raw());
  auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid == 0)
    for (;;) ::pause();
  REQUIRE(pid > 0);
  CHECK(holds(group.paths(), pid));
  good(apply::kill_all(group.paths()));
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("a process that is made in v2 and enters v1 itself is in every hierarchy") {
  NEEDS_ROOT();
  auto group = made(plan_of(real_host(), our_path()));
  auto again = [&](auto enter, FdRef unified) {
    struct clone_args arguments {};
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = static_cast<std::uint64_t>(unified.raw());
    int told[2];
    REQUIRE(::pipe2(told, O_CLOEXEC) == 0);
    auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid == 0) {
      char answer = enter() ? 'y' : 'n';
      (void)!::write(told[1], &answer, 1);
      for (;;) ::pause();
    }
    REQUIRE(pid > 0);
    char answer = 0;
    CHECK(::read(told[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    for (const auto& row : group.paths().groups)
      CHECK(file_text(row.full() + "/cgroup.procs") == base::cat(pid));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ::close(told[0]);
    ::close(told[1]);
  };
  if (!group.unified()) return;
  again([&] { return group.enter_v1(); }, *group.unified());
  auto by_record = apply::open_unified(group.paths());
  REQUIRE(by_record);
  again([&] { return apply::enter_v1(group.paths()); }, by_record.value());
}

TEST_CASE("a cpuset group that nobody ever filled is filled") {
  NEEDS_ROOT();
  auto host = real_host();
  auto cpuset = host.with("cpuset");
  if (!cpuset || cpuset->v2) return;
  REQUIRE(::mkdir((cpuset->mount + our_path()).c_str(), 0755) == 0);
  CHECK(file_text(cpuset->mount + our_path() + "/cpuset.mems").empty());
  {
    auto group = made(plan_of(host, our_path() + "/inner"));
    Sleeper sleeper;
    good(join(group.paths(), sleeper.pid()));
  }
  CHECK_FALSE(file_text(cpuset->mount + our_path() + "/cpuset.mems").empty());
  CHECK(::rmdir((cpuset->mount + our_path()).c_str()) == 0);
}

TEST_CASE("the device filter of a v2 group is loaded, attached once, and obeyed") {
  NEEDS_ROOT();
  auto host = v2_host();
  if (host.hierarchies.empty()) return;
  auto plan = plan_of(host, our_path());
  auto group = made(plan);
  {
    // A second make finds the first one's filter and takes its place.
    auto again = made(plan);
    auto filters = sys::bpf_device_filters(*group.unified());
    REQUIRE(filters);
    CHECK(filters.value().size() == 1);
  }
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  auto pid = ::fork();
  if (pid == 0) {
    char byte = 0;
    (void)!::read(ready[0], &byte, 1);
    int result = 0;
    if (::open("/dev/null", O_RDWR) >= 0) result |= 1;
    if (::open("/dev/kmsg", O_RDONLY) >= 0) result |= 2;
    ::_exit(result);
  }
  good(join(group.paths(), pid));
  CHECK(::write(ready[1], "x", 1) == 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK(WEXITSTATUS(status) == 1);
}

TEST_CASE("a thousand device rules are still verified by the kernel") {
  NEEDS_ROOT();
  auto host = v2_host();
  if (host.hierarchies.empty()) return;
  spec::Resources resources;
  for (std::int64_t i = 0; i < 1000; ++i)
    resources.devices.push_back({i % 3 != 0, i % 2 ? "c" : "b", i % 7, i, i % 5 ? "rw" : "r"});
  auto group = make_cgroup(plan_of(host, our_path(), resources));
  if (!group) FAIL(group.error().text());
}

TEST_CASE("a controller that a limit needs is enabled down to the group") {
  NEEDS_ROOT();
  auto host = real_host();
  auto at = host.with("hugetlb");
  if (!at || !at->v2) return;
  auto sizes = fs::read_file(FdRef::cwd(), "/proc/meminfo");
  REQUIRE(sizes);
  if (sizes.value().find("Hugepagesize:       2048 kB") == std::string::npos) return;
  bool was_enabled =
      file_text(at->mount + "/cgroup.subtree_control").find("hugetlb") != std::string::npos;
  spec::Resources resources;
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 4194304}};
  auto group = made(plan_of(host, our_path() + "/deep", resources));
  CHECK(file_text(group.paths().unified()->full() + "/hugetlb.2MB.max") == "4194304");
  resources.hugepage_limits = {{.page_size = "3MB", .limit = 4194304}};
  auto refused = make_cgroup(plan_of(host, our_path() + "-bad", resources));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == base::Kind::Unsupported);
  CHECK(refused.error().text().starts_with("linux.resources.hugepageLimits[0]: "));
  CHECK_FALSE(exists(at->mount + our_path() + "-bad"));
  good(apply::remove_cgroup(group.paths()));
  if (!was_enabled)
    (void)fs::write_control(FdRef::cwd(), at->mount + "/cgroup.subtree_control", "-hugetlb");
}
