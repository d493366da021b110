#include "apply/identity.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"

using kernel::Outcome;

namespace {

// A process in a new user namespace that waits until this ends.
class InUserNamespace {
 public:
  InUserNamespace() {
    int ready[2];
    if (::pipe2(ends_, O_CLOEXEC) < 0 || ::pipe2(ready, O_CLOEXEC) < 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      char byte = ::unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
      ::close(ends_[1]);
      (void)!::write(ready[1], &byte, 1);
      (void)!::read(ends_[0], &byte, 1);
      ::_exit(0);
    }
    char byte = 'n';
    (void)!::read(ready[0], &byte, 1);
    made_ = byte == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  InUserNamespace(const InUserNamespace&) = delete;
  InUserNamespace& operator=(const InUserNamespace&) = delete;
  ~InUserNamespace() {
    ::close(ends_[0]);
    ::close(ends_[1]);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  bool made() const { return made_; }
  pid_t pid() const { return pid_; }

 private:
  int ends_[2] = {-1, -1};
  pid_t pid_ = 0;
  bool made_ = false;
};

// The numbers of a file of procfs, one blank between them.
std::string numbers(const fs::Proc& proc, const std::string& path) {
  auto text = proc.read(path);
  if (!text) return text.error().text();
  std::string out;
  for (auto word : base::words(text.value())) out += base::cat(out.empty() ? "" : " ", word);
  return out;
}

TEST_CASE("the maps are written as planned, and setgroups is denied only where planned") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  for (bool deny : {true, false}) {
    InUserNamespace process;
    if (!process.made() || (!deny && ::geteuid() != 0)) {
      MESSAGE("skipped: not permitted");
      return;
    }
    plan::IdentityMaps plan{.needed = true,
                            .uid_map = base::cat("0 ", ::geteuid(), " 1\n"),
                            .gid_map = base::cat("7 ", ::getegid(), " 1\n"),
                            .deny_setgroups = deny};
    auto mapped = apply::map_identity(plan, process.pid(), proc.value(), "");
    REQUIRE_MESSAGE(mapped, (mapped ? "" : mapped.error().text()));
    CHECK(numbers(proc.value(), base::cat(process.pid(), "/uid_map")) ==
          base::cat("0 ", ::geteuid(), " 1"));
    CHECK(numbers(proc.value(), base::cat(process.pid(), "/gid_map")) ==
          base::cat("7 ", ::getegid(), " 1"));
    CHECK(numbers(proc.value(), base::cat(process.pid(), "/setgroups")) ==
          (deny ? "deny" : "allow"));
  }
}

TEST_CASE("a map that the kernel refuses is the error of its member") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  InUserNamespace process;
  if (!process.made()) return;
  plan::IdentityMaps plan{.needed = true, .uid_map = "nonsense\n"};
  auto refused = apply::map_identity(plan, process.pid(), proc.value(), "");
  REQUIRE(!refused);
  CHECK(refused.error().text().starts_with("linux.uidMappings: "));
}

TEST_CASE("nothing is written where no map is needed") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  CHECK(apply::map_identity({}, 0, proc.value(), ""));
}

TEST_CASE("the helpers get the pid and the ranges, from the first folder that has them") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  Folder folder;
  for (auto name : {"newuidmap", "newgidmap"})
    folder.write(base::cat("bin/", name),
                 base::cat("#!/bin/sh\necho \"$@\" > ", folder / name, "\n"), 0755);
  plan::IdentityMaps plan{.needed = true,
                          .helpers = true,
                          .uid_arguments = {"0", "1000", "1", "1", "100000", "9"},
                          .gid_arguments = {"0", "100", "1"}};
  auto path = "/nonexistent:" + folder / "bin";
  auto mapped = apply::map_identity(plan, 42, proc.value(), path);
  REQUIRE_MESSAGE(mapped, (mapped ? "" : mapped.error().text()));
  CHECK(folder.read("newuidmap") == "42 0 1000 1 1 100000 9\n");
  CHECK(folder.read("newgidmap") == "42 0 100 1\n");
}

TEST_CASE("a helper that fails or is missing says what to do") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  Folder folder;
  folder.write("newuidmap", "#!/bin/sh\necho 'uid range not allowed' >&2\nexit 1\n", 0755);
  plan::IdentityMaps plan{.needed = true, .helpers = true, .uid_arguments = {"0", "5", "1"}};
  auto failed = apply::map_identity(plan, 42, proc.value(), folder.path());
  REQUIRE(!failed);
  CHECK(failed.error().text() ==
        "linux.uidMappings: newuidmap 0 5 1: exit status 1: uid range not allowed");
  auto missing = apply::map_identity(plan, 42, proc.value(), "/nonexistent");
  REQUIRE(!missing);
  CHECK(missing.error().kind() == base::Kind::Unsupported);
  CHECK(missing.error().text().find("newuidmap is not in PATH") != std::string::npos);
}

}  // namespace
