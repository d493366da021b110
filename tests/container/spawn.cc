// Real processes in throw-away namespaces.
#include "container/spawn.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>

#include <cerrno>

#include "apply/probe_cgroup.h"
#include "container/channel.h"
#include "fs/files.h"
#include "kernel.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

using container::Child;
using container::Joined;
using container::SpawnRequest;
using container::Word;
using kernel::Outcome;

namespace {

std::string host_name() {
  struct utsname names {};
  ::uname(&names);
  return names.nodename;
}

std::string namespace_of(const char* kind) {
  auto link = sys::readlinkat(base::FdRef::cwd(), base::cat("/proc/self/ns/", kind));
  return link ? link.value() : link.error().text();
}

// What the new process says of itself, from within.
base::Result<std::string> spawned(const SpawnRequest& request,
                                  const std::function<std::string()>& look) {
  auto proc = TRY(fs::Proc::open());
  auto ends = TRY(sys::socketpair(SOCK_STREAM));
  auto child = TRY(container::spawn(request, proc, [&](base::Status entered) {
    if (entered)
      (void)container::send_message(ends.second, Word::Ready, look());
    else
      container::send_failure(ends.second, entered.error());
  }));
  ends.second.close();
  auto said = TRY(container::expect(ends.first, Word::Ready, "the child"));
  return said.text;
}

std::string parent() { return base::cat(sys::getppid()); }

bool is_gone(pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) < 0 && errno == ECHILD; }

TEST_CASE("a direct spawn makes the namespaces, and the process is our child") {
  CHECK(kernel::on_host([]() -> Outcome {
          SpawnRequest request{.create = CLONE_NEWUTS};
          auto uts = spawned(request, [] { return namespace_of("uts"); });
          WANT_OK(uts);
          WANT(uts.value() != namespace_of("uts"));
          auto above = spawned(request, parent);
          WANT_OK(above);
          WANT(above.value() == base::cat(::getpid()), above.value());
          return {};
        }) == "");
}

TEST_CASE("a staged spawn joins what is named, and the process is our child as well") {
  CHECK(kernel::on_host([]() -> Outcome {
          auto proc = fs::Proc::open();
          WANT_OK(proc);
          auto ends = sys::socketpair(SOCK_STREAM);
          WANT_OK(ends);
          auto holder = container::spawn({.create = CLONE_NEWUTS}, proc.value(), [&](base::Status) {
            (void)sys::sethostname("joined");
            (void)container::send_message(ends.value().second, Word::Ready);
            for (;;) ::pause();
          });
          WANT_OK(holder);
          WANT_OK(container::expect(ends.value().first, Word::Ready, "holder"));
          plan::Namespaces plan;
          plan.join.push_back({CLONE_NEWUTS, base::cat("/proc/", holder.value().pid(), "/ns/uts"),
                               "linux.namespaces[0]"});
          auto joined = container::open_namespaces(plan);
          WANT_OK(joined);
          SpawnRequest request{.create = CLONE_NEWIPC, .join = joined.value()};
          auto name = spawned(request, host_name);
          WANT_OK(name);
          WANT(name.value() == "joined", name.value());
          WANT(host_name() != "joined");
          auto above = spawned(request, parent);
          WANT_OK(above);
          WANT(above.value() == base::cat(::getpid()), above.value());
          auto ipc = spawned(request, [] { return namespace_of("ipc"); });
          WANT_OK(ipc);
          WANT(ipc.value() != namespace_of("ipc"));
          return {};
        }) == "");
}

TEST_CASE("the clocks of a new time namespace are off by what is asked for") {
  CHECK(kernel::on_host([]() -> Outcome {
          auto seconds = [](clockid_t clock) {
            struct timespec now {};
            ::clock_gettime(clock, &now);
            return now.tv_sec;
          };
          SpawnRequest request{.create_time = true,
                               .time_offsets = "monotonic 500000 0\nboottime 900000 0\n"};
          auto before_monotonic = seconds(CLOCK_MONOTONIC);
          auto before_boot = seconds(CLOCK_BOOTTIME);
          auto said = spawned(request, [&] {
            return base::cat(seconds(CLOCK_MONOTONIC) - before_monotonic, " ",
                             seconds(CLOCK_BOOTTIME) - before_boot);
          });
          WANT_OK(said);
          auto numbers = base::words(said.value());
          WANT(numbers.size() == 2);
          auto monotonic = base::parse<long>(numbers[0]).value_or(0);
          auto boot = base::parse<long>(numbers[1]).value_or(0);
          WANT(monotonic >= 500000 && monotonic < 500100, monotonic);
          WANT(boot >= 900000 && boot < 900100, boot);
          return {};
        }) == "");
}

TEST_CASE("what the stage cannot do is the error of the spawn, with the member's name") {
  CHECK(kernel::on_host([]() -> Outcome {
          std::vector<Joined> joined(1);
          auto file = sys::openat(base::FdRef::cwd(), "/dev/null", O_RDONLY);
          WANT_OK(file);
          joined[0].file = std::move(file).value();
          joined[0].flag = CLONE_NEWUTS;
          joined[0].what = "linux.namespaces[0]";
          auto refused = spawned({.join = joined}, [] { return std::string(); });
          WANT(!refused);
          WANT(refused.error().text().starts_with("linux.namespaces[0]: setns"),
               refused.error().text());
          auto bad = spawned({.create_time = true, .time_offsets = "monotonic x 0\n"},
                             [] { return std::string(); });
          WANT(!bad);
          WANT(bad.error().text().starts_with("linux.timeOffsets: "), bad.error().text());
          WANT(bad.error().code() == EINVAL);
          WANT(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD, "a stage is left");
          return {};
        }) == "");
}

TEST_CASE("what fails at entering the groups comes back, direct and staged") {
  CHECK(kernel::on_host([]() -> Outcome {
          SpawnRequest request;
          request.enter = []() -> base::Status { return base::state_error("no group"); };
          for (bool staged : {false, true}) {
            request.create_time = staged;
            auto refused = spawned(request, [] { return std::string(); });
            WANT(!refused);
            WANT(refused.error().text() == "no group", refused.error().text());
            WANT(refused.error().kind() == base::Kind::State);
          }
          return {};
        }) == "");
}

TEST_CASE("only files of namespaces are opened for joining, of the asked kind") {
  plan::Namespaces plan;
  plan.join.push_back({CLONE_NEWUTS, "/dev/null", "linux.namespaces[2]"});
  auto opened = container::open_namespaces(plan);
  REQUIRE(!opened);
  CHECK(opened.error().text() ==
        "linux.namespaces[2]: join \"/dev/null\": is not the file of a namespace");
  CHECK(opened.error().kind() == base::Kind::Config);
  plan.join[0].path = "/nonexistent";
  auto absent = container::open_namespaces(plan);
  REQUIRE(!absent);
  CHECK(absent.error().code() == ENOENT);
}

TEST_CASE("the process starts on the processors that are asked for") {
  SpawnRequest request;
  request.affinity = {true};
  auto said = spawned(request, [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    return base::cat(CPU_COUNT(&set), " ", CPU_ISSET(0, &set) ? "first" : "other");
  });
  REQUIRE_MESSAGE(said, (said ? "" : said.error().text()));
  CHECK(said.value() == "1 first");
}

TEST_CASE("a child is killed and reaped at the end of its scope, unless it is kept") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  auto waits = [](base::Status) {
    for (;;) ::pause();
  };
  pid_t pid = 0;
  {
    auto child = container::spawn({}, proc.value(), waits);
    REQUIRE(child);
    pid = child.value().pid();
    CHECK(sys::kill(pid, 0));
    Child moved = std::move(child).value();
    CHECK(moved.pid() == pid);
    CHECK(sys::kill(pid, 0));
  }
  CHECK(is_gone(pid));
  {
    auto kept = container::spawn({}, proc.value(), waits);
    REQUIRE(kept);
    pid = kept.value().pid();
    kept.value().keep();
  }
  CHECK(sys::kill(pid, 0));
  CHECK(sys::kill(pid, SIGKILL));
  CHECK(::waitpid(pid, nullptr, 0) == pid);
}

TEST_CASE(
    "a process gets into a group in which something was killed, directly and through a stage") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: needs root");
    return;
  }
  auto host = apply::probe_cgroup();
  REQUIRE(host);
  auto* v2 = host.value().unified();
  if (!v2) return;
  auto path = base::cat("/coracle-test-spawn-", ::getpid());
  auto full = v2->mount + path;
  REQUIRE(sys::mkdirat(base::FdRef::cwd(), full, 0755));
  CHECK(fs::write_control(base::FdRef::cwd(), full + "/cgroup.kill", "1"));
  auto group = sys::openat(base::FdRef::cwd(), full, O_PATH | O_DIRECTORY);
  REQUIRE(group);
  auto own_group = [] {
    auto text = fs::read_file(base::FdRef::cwd(), "/proc/self/cgroup");
    return text ? text.value() : text.error().text();
  };
  for (bool staged : {false, true}) {
    SpawnRequest request{.create_time = staged, .cgroup = base::FdRef(group.value())};
    auto said = spawned(request, own_group);
    REQUIRE_MESSAGE(said, (said ? "" : said.error().text()));
    CHECK(said.value().find("0::" + path + "\n") != std::string::npos);
  }
  auto gone = [&] {
    return static_cast<bool>(sys::unlinkat(base::FdRef::cwd(), full, AT_REMOVEDIR));
  };
  for (int i = 0; i < 1000 && !gone(); ++i) (void)sys::poll({}, 1);
  CHECK_FALSE(sys::fstatat(base::FdRef::cwd(), full, 0));
}

TEST_CASE("a body that returns ends its process") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  auto child = container::spawn({}, proc.value(), [](base::Status) {});
  REQUIRE(child);
  child.value().keep();
  auto ended = sys::wait_child(child.value().pidfd());
  REQUIRE(ended);
  CHECK(ended.value().exit_code == 1);
}

}  // namespace
