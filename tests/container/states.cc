#include "container/states.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container/spawn.h"
#include "folder.h"
#include "sys/process.h"

using container::Record;
using container::Saved;
using spec::Status;

namespace {

fs::Proc open_proc() {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  return std::move(proc).value();
}

// A process that lives until it is told to end, or until the test is over.
struct Living {
  explicit Living(const fs::Proc& proc) {
    auto spawned = container::spawn({}, proc, [](base::Status) {
      for (;;) ::pause();
    });
    REQUIRE(spawned);
    child.emplace(std::move(spawned).value());
    auto stat = fs::process_stat(proc, child->pid());
    REQUIRE(stat);
    saved.id = "c1";
    saved.ready = true;
    saved.pid = child->pid();
    saved.start_time = stat.value().start_time;
  }
  std::optional<container::Child> child{};
  Saved saved{};
};

bool lives(const Saved& saved, const fs::Proc& proc) {
  auto init = container::open_init(saved, proc);
  REQUIRE(init);
  return init.value().has_value();
}

Status found(const Record& record, const fs::Proc& proc) {
  auto status = container::status_of(record, proc);
  REQUIRE(status);
  return status.value();
}

Record claim(const Folder& folder, const Saved& saved) {
  auto record = Record::claim(folder.path(), saved.id, "{}");
  REQUIRE(record);
  record.value().saved = saved;
  REQUIRE(record.value().save());
  return std::move(record).value();
}

TEST_CASE("init lives while its pid and its start time are those of the record") {
  auto proc = open_proc();
  Living living(proc);
  CHECK(lives(living.saved, proc));
  auto other = living.saved;
  other.start_time += 1;
  CHECK(!lives(other, proc));
  other = living.saved;
  other.pid = 0;
  CHECK(!lives(other, proc));
  other.pid = -1;
  CHECK(!lives(other, proc));
}

TEST_CASE("a pid that has passed to another process does not make a container run") {
  auto proc = open_proc();
  Folder folder;
  Living living(proc);
  auto record = claim(folder, living.saved);
  CHECK(found(record, proc) == Status::Running);
  record.saved.start_time -= 1;
  CHECK(found(record, proc) == Status::Stopped);
}

TEST_CASE("a zombie is stopped, and so is one that was reaped") {
  auto proc = open_proc();
  Folder folder;
  Living living(proc);
  auto record = claim(folder, living.saved);
  auto pid = living.child->pid();
  REQUIRE(sys::kill(pid, SIGKILL));
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  CHECK(found(record, proc) == Status::Stopped);
  living.child.reset();
  CHECK(::waitpid(pid, nullptr, 0) == -1);
  CHECK(found(record, proc) == Status::Stopped);
}

TEST_CASE("init that is gone is stopped, though its session lives on and keeps its number") {
  auto proc = open_proc();
  auto spawned = container::spawn({}, proc, [](base::Status) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    for (;;) ::pause();
  });
  REQUIRE(spawned);
  auto pid = spawned.value().pid();
  Saved saved;
  saved.id = "c1";
  saved.pid = pid;
  saved.start_time = 1;
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  CHECK(::kill(-pid, 0) == 0);  // the group is there
  CHECK(!lives(saved, proc));
  ::kill(-pid, SIGKILL);
}

TEST_CASE("init that has the fifo open for reading is created, after that it runs") {
  auto proc = open_proc();
  Folder folder;
  Living living(proc);
  auto record = claim(folder, living.saved);
  {
    auto waiting = sys::openat(record.dir(), "exec.fifo", O_RDONLY | O_NONBLOCK);
    REQUIRE(waiting);
    CHECK(found(record, proc) == Status::Created);
  }
  CHECK(found(record, proc) == Status::Running);
}

TEST_CASE("a create under way is creating, a create that was killed is stopped") {
  auto proc = open_proc();
  Folder folder;
  Living living(proc);
  living.saved.ready = false;
  {
    auto record = claim(folder, living.saved);
    record.keep();
    auto other = Record::load(folder.path(), "c1");
    REQUIRE(other);
    CHECK(found(other.value(), proc) == Status::Creating);
  }
  auto left = Record::load(folder.path(), "c1");
  REQUIRE(left);
  CHECK(found(left.value(), proc) == Status::Stopped);
}

TEST_CASE("a stopped container has no pid to tell") {
  Saved saved;
  saved.id = "c1";
  saved.bundle = "/b";
  saved.pid = 42;
  saved.annotations = {{"a", "b"}};
  auto running = container::state_of(saved, Status::Running);
  CHECK(running.pid == 42);
  CHECK(running.bundle == "/b");
  CHECK(running.annotations == saved.annotations);
  CHECK(container::state_of(saved, Status::Stopped).pid == 0);
}

TEST_CASE("an absolute path has no links and no dots left in it") {
  Folder folder;
  folder.write("real/x", "");
  REQUIRE(sys::symlinkat("real", base::FdRef::cwd(), folder / "link"));
  auto path = container::absolute_path(folder / "real/../link/.");
  REQUIRE(path);
  CHECK(path.value() == folder / "real");
  CHECK(!container::absolute_path(folder / "real/x"));
  CHECK(!container::absolute_path(folder / "none"));
}

TEST_CASE("a pid file holds the pid and nothing else, and replaces what was there") {
  Folder folder;
  folder.write("pid", "a longer text that was there");
  REQUIRE(container::write_pid_file(folder / "pid", 42));
  CHECK(folder.read("pid") == "42");
  auto refused = container::write_pid_file(folder / "none/pid", 42);
  REQUIRE(!refused);
  CHECK(refused.error().text().starts_with("pid file: "));
}

}  // namespace
