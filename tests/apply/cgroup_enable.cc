// Enabling controllers, on plain files that stand for a level of a cgroup file system.
#include "apply/cgroup_enable.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "folder.h"

namespace {

// A level that is not the root of all, without processes, where cpu is enabled.
struct Level {
  Level() {
    folder.write("cgroup.type", "domain\n");
    folder.write("cgroup.procs", "");
    folder.write("cgroup.subtree_control", "cpu\n");
  }
  std::vector<apply::NotEnabled> enable(const std::vector<std::string>& names) const {
    std::vector<apply::NotEnabled> failures;
    auto dir = sys::openat(base::FdRef::cwd(), folder.path(), O_PATH | O_DIRECTORY);
    REQUIRE(dir);
    apply::enable_controllers(dir.value(), "/level", names, failures);
    return failures;
  }
  std::string written() const { return folder.read("cgroup.subtree_control"); }
  Folder folder{};
};

}  // namespace

TEST_CASE("what is enabled already is not written again") {
  Level level;
  level.folder.write("cgroup.procs", "1\n");
  CHECK(level.enable({"cpu"}).empty());
  CHECK(level.enable({}).empty());
  CHECK(level.written() == "cpu\n");
}

TEST_CASE("what is missing is written at once") {
  Level level;
  CHECK(level.enable({"cpu", "memory", "pids"}).empty());
  CHECK(level.written() == "+memory +pids");
}

TEST_CASE("a level with processes is left alone, and each controller has that for its reason") {
  Level level;
  level.folder.write("cgroup.procs", "1\n");
  auto failures = level.enable({"cpu", "memory", "pids"});
  CHECK(level.written() == "cpu\n");
  REQUIRE(failures.size() == 2);
  CHECK(failures[0].controller == "memory");
  CHECK(failures[0].code == EBUSY);
  CHECK(failures[0].text.starts_with("/level: it holds processes"));
  CHECK(apply::failure_of(failures, "pids") == &failures[1]);
  CHECK(apply::failure_of(failures, "cpu") == nullptr);
}

TEST_CASE("the root of all, which has no type, may hold processes") {
  Level level;
  level.folder.write("cgroup.procs", "1\n");
  (void)sys::unlinkat(base::FdRef::cwd(), level.folder / "cgroup.type");
  CHECK(level.enable({"pids"}).empty());
  CHECK(level.written() == "+pids");
}

TEST_CASE("a level of threads is left alone") {
  for (const char* type : {"domain threaded", "threaded", "domain invalid"}) {
    Level level;
    level.folder.write("cgroup.type", std::string(type) + "\n");
    auto failures = level.enable({"pids"});
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].code == EOPNOTSUPP);
    CHECK(failures[0].text.find(type) != std::string::npos);
    CHECK(level.written() == "cpu\n");
  }
}

TEST_CASE("of several levels the first failure counts") {
  std::vector<apply::NotEnabled> failures;
  failures.push_back({"pids", EACCES, "/above: it was not allowed"});
  Level level;
  level.folder.write("cgroup.procs", "1\n");
  auto dir = sys::openat(base::FdRef::cwd(), level.folder.path(), O_PATH | O_DIRECTORY);
  REQUIRE(dir);
  apply::enable_controllers(dir.value(), "/level", {"pids"}, failures);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].text == "/above: it was not allowed");
}
