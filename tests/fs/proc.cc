#include "fs/proc.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fs/files.h"
#include "kernel.h"

using kernel::Outcome;

namespace {

std::string stat_text(const std::string& name, char state, std::uint64_t start) {
  // man: proc(5): field 22 is the start time
  std::string out = base::cat("42 (", name, ") ", state);
  for (int field = 4; field < 22; ++field) out += base::cat(" ", field);
  return base::cat(out, " ", start, " 23 24\n");
}

TEST_CASE("state and start time are found behind any name") {
  for (auto name :
       {"sh", "a b", ") R (", "x) Z 1 2 3", "", "(", "\n", ") R 1 2 3 4 5 6 7 8 9 10"}) {
    auto stat = fs::parse_process_stat(stat_text(name, 'S', 18'000'000'000'000'000'000U));
    REQUIRE_MESSAGE(stat, name);
    CHECK(stat.value().state == 'S');
    CHECK(stat.value().start_time == 18'000'000'000'000'000'000U);
  }
}

TEST_CASE("what is no such line is an error") {
  for (auto text : {"", "42", "42 (sh)", "42 (sh) S", "42 (sh S 1 2 3"})
    CHECK_MESSAGE(!fs::parse_process_stat(text), text);
  auto text = stat_text("sh", 'S', 5);
  CHECK(!fs::parse_process_stat(text.replace(text.rfind(" 5 "), 3, " x ")));
}

TEST_CASE("a process is itself for as long as it lives, and a pid that is none is an error") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  auto first = fs::process_stat(proc.value(), ::getpid());
  REQUIRE(first);
  CHECK(first.value().state == 'R');
  CHECK(first.value().start_time > 0);
  auto none = fs::process_stat(proc.value(), (1 << 22) + 1);
  REQUIRE(!none);
  CHECK(none.error().code() == ENOENT);
}

TEST_CASE("entries are opened beneath procfs, through no magic link") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  CHECK(proc.value().read("self/comm"));
  CHECK(!proc.value().open_entry("self/root", O_PATH | O_DIRECTORY));
  CHECK(!proc.value().open_entry("self/exe", O_RDONLY));
  CHECK(!proc.value().open_entry("../etc", O_PATH));
  CHECK(!proc.value().open_entry("/etc", O_PATH));
}

// cve: 2019-16884, 2025-52881
TEST_CASE("a mount within procfs is not crossed, and another file system at /proc refused") {
  CHECK(kernel::on_host([]() -> Outcome {
          kernel::write_file("/tmp/false", "false");
          auto proc = fs::Proc::open();
          WANT_OK(proc);
          auto truly = proc.value().read("sys/kernel/hostname");
          WANT_OK(truly);
          auto status = base::cat("/proc/", ::getpid(), "/status");
          auto label = base::cat("/proc/", ::getpid(), "/attr/exec");
          for (const char* place : {"/proc/sys/kernel/hostname", status.c_str(), label.c_str()})
            WANT(::mount("/tmp/false", place, nullptr, MS_BIND, nullptr) == 0, place);
          // In a procfs of our own, where that is permitted.
          for (auto entry : {"sys/kernel/hostname", "self/status"}) {
            auto found = proc.value().read(entry);
            WANT(found || found.error().code() == EXDEV, entry);
            WANT(!found || found.value() != "false", entry);
          }
          auto other = proc.value().read(base::cat(::getpid(), "/status"));
          WANT(!other && other.error().text().ends_with("Invalid cross-device link"));
          (void)proc.value().write("self/attr/exec", "label");
          WANT(fs::read_file(base::FdRef::cwd(), "/tmp/false").value() == "false");
          WANT(::mount("x", "/proc", "tmpfs", 0, nullptr) == 0);
          WANT(!fs::Proc::open());
          return {};
        }) == "");
}

TEST_CASE("a process in a pid namespace is called there by its own number") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  auto own = fs::pid_inside(proc.value(), ::getpid());
  REQUIRE(own);
  CHECK(own.value() == ::getpid());
  CHECK(kernel::on_host([]() -> Outcome {
          auto outer = fs::Proc::open();
          WANT_OK(outer);
          WANT(::unshare(CLONE_NEWPID) == 0);
          int ends[2];
          WANT(::pipe2(ends, O_CLOEXEC) == 0);
          auto pid = ::fork();
          if (pid == 0) {
            char byte = 0;
            ::close(ends[1]);
            (void)!::read(ends[0], &byte, 1);
            ::_exit(0);
          }
          auto inside = fs::pid_inside(outer.value(), pid);
          ::close(ends[1]);
          ::waitpid(pid, nullptr, 0);
          WANT_OK(inside);
          WANT(inside.value() == 1, inside.value());
          return {};
        }) == "");
}

}  // namespace
