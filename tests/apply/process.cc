// What a process does to itself, in throw-away processes.
#include "apply/process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "folder.h"
#include "kernel.h"
#include "sys/identity.h"
#include "sys/process.h"

using base::FdRef;
using kernel::Outcome;

#define NEEDS_ROOT()                \
  if (::geteuid() != 0) {           \
    MESSAGE("skipped: needs root"); \
    return;                         \
  }

namespace {

constexpr std::uint64_t bit(int capability) { return 1ULL << capability; }

std::string found(const std::string& name, const std::string& path) {
  auto out = apply::find_executable({.args = {name}, .env = {"PATH=" + path}});
  return out ? out.value() : out.error().text();
}

int code_of(const std::string& name, const std::string& path) {
  auto out = apply::find_executable({.args = {name}, .env = {"PATH=" + path}});
  return out ? 0 : out.error().code();
}

TEST_CASE("a name without slash is looked for in PATH, in its order") {
  Folder folder;
  folder.write("a/other", "", 0755);
  folder.write("b/x", "", 0755);
  folder.write("c/x", "", 0755);
  auto path = folder / "none" + ":" + folder / "a" + ":" + folder / "b" + ":" + folder / "c";
  CHECK(found("x", path) == folder / "b/x");
  CHECK(found("y", path) == "exec: \"y\": executable file not found in $PATH");
  CHECK(code_of("y", path) == ENOENT);
  CHECK(found("", path) == "exec: \"\": executable file not found in $PATH");
}

TEST_CASE("what cannot be executed is passed over, and told if nothing else is found") {
  Folder folder;
  folder.write("a/x", "", 0644);
  folder.write("b/x", "", 0755);
  folder.write("c/y/z", "");
  CHECK(found("x", folder / "a" + ":" + folder / "b") == folder / "b/x");
  CHECK(found("x", folder / "a") == "exec: \"x\": permission denied");
  CHECK(code_of("x", folder / "a") == EACCES);
  CHECK(found("y", folder / "c") == "exec: \"y\": executable file not found in $PATH");
}

TEST_CASE("a path is taken as it is, and its errors are those that callers know") {
  Folder folder;
  auto program = folder.write("x", "", 0755);
  auto plain = folder.write("plain", "", 0644);
  CHECK(found(program, "/none") == program);
  auto none = folder / "none";
  CHECK(found(none, "") == "exec: \"" + none + "\": stat " + none + ": no such file or directory");
  CHECK(code_of(none, "") == ENOENT);
  auto below = plain + "/y";
  CHECK(found(below, "") == "exec: \"" + below + "\": stat " + below + ": not a directory");
  CHECK(found(plain, "") == "exec: \"" + plain + "\": permission denied");
  CHECK(code_of(plain, "") == EACCES);
  CHECK(found(folder.path(), "") ==
        "exec: \"" + folder.path() + "\": is a directory: permission denied");
  CHECK(code_of(folder.path(), "") == EISDIR);
}

TEST_CASE("without PATH the usual folders are searched") {
  auto out = apply::find_executable({.args = {"sh"}});
  REQUIRE(out);
  CHECK(out.value().ends_with("bin/sh"));
}

// The environment in a root with this /etc/passwd.
std::string home(const std::string& passwd, std::uint32_t uid, std::vector<std::string> env = {}) {
  // What the body returns is not empty here, but the answer.
  return kernel::on_host([&]() -> Outcome {
    ::mkdir("/tmp/root", 0755);
    ::mkdir("/tmp/root/etc", 0755);
    kernel::write_file("/tmp/outside", "x:x:7:7::/outside:\n");
    if (passwd == "fifo")
      WANT(::mkfifo("/tmp/root/etc/passwd", 0644) == 0);
    else if (passwd == "link")
      WANT(::symlink("/etc/other", "/tmp/root/etc/passwd") == 0);
    else if (!passwd.empty())
      kernel::write_file("/tmp/root/etc/passwd", passwd);
    kernel::write_file("/tmp/root/etc/other", "x:x:7:7::/linked:\n");
    WANT(::chroot("/tmp/root") == 0 && ::chdir("/") == 0);
    std::string text;
    for (const auto& entry : apply::environment({.env = env, .uid = uid})) text += entry + ";";
    return text;
  });
}

TEST_CASE("HOME comes from the container's own passwd, and is / where that does not tell") {
  constexpr auto* kPasswd =
      "root:x:0:0:root:/root:/bin/sh\na:x:7:7::/home/a:\nb:x:8:8:::\nbroken\n";
  CHECK(home(kPasswd, 0) == "HOME=/root;");
  CHECK(home(kPasswd, 7, {"A=1"}) == "A=1;HOME=/home/a;");
  CHECK(home(kPasswd, 8) == "HOME=/;");
  CHECK(home(kPasswd, 9) == "HOME=/;");
  CHECK(home("", 7) == "HOME=/;");
  CHECK(home("fifo", 7) == "HOME=/;");
  CHECK(home("link", 7) == "HOME=/;");
}

TEST_CASE("a HOME that is given stays, an empty one is filled in") {
  CHECK(home("a:x:7:7::/home/a:\n", 7, {"HOME=/h", "A=1"}) == "HOME=/h;A=1;");
  CHECK(home("a:x:7:7::/home/a:\n", 7, {"HOME=", "A=1"}) == "A=1;HOME=/home/a;");
}

TEST_CASE("a process becomes the user with the groups and capabilities of the plan alone") {
  NEEDS_ROOT();
  CHECK(kernel::in_child([]() -> Outcome {
          plan::Process plan;
          plan.uid = 1000;
          plan.gid = 1001;
          plan.groups = {5, 6};
          plan.capabilities = {.bounding = bit(CAP_KILL) | bit(CAP_CHOWN),
                               .effective = bit(CAP_KILL),
                               .inheritable = bit(CAP_KILL),
                               .permitted = bit(CAP_KILL) | bit(CAP_CHOWN),
                               .ambient = bit(CAP_KILL)};
          WANT_OK(apply::become_user(plan));
          auto between = sys::capget();
          WANT_OK(between);
          WANT(between.value().effective & bit(CAP_SYS_ADMIN), "rights are gone too early");
          WANT_OK(apply::set_capabilities(plan));
          uid_t uids[3];
          gid_t gids[3];
          WANT(::getresuid(&uids[0], &uids[1], &uids[2]) == 0);
          WANT(::getresgid(&gids[0], &gids[1], &gids[2]) == 0);
          for (int i = 0; i < 3; ++i) WANT(uids[i] == 1000 && gids[i] == 1001);
          gid_t groups[8];
          WANT(::getgroups(8, groups) == 2 && groups[0] == 5 && groups[1] == 6);
          auto masks = sys::capget();
          WANT_OK(masks);
          WANT(masks.value().effective == plan.capabilities.effective);
          WANT(masks.value().permitted == plan.capabilities.permitted);
          WANT(masks.value().inheritable == plan.capabilities.inheritable);
          for (int i = 0; i < sys::capability_count(); ++i) {
            WANT(::prctl(PR_CAPBSET_READ, i, 0, 0, 0) ==
                     static_cast<int>(plan.capabilities.bounding >> i & 1),
                 i);
            WANT(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) ==
                     static_cast<int>(plan.capabilities.ambient >> i & 1),
                 i);
          }
          WANT(!sys::setresuid(0), "root again");
          return {};
        }) == "");
}

TEST_CASE("root without capabilities has none") {
  NEEDS_ROOT();
  CHECK(kernel::in_child([]() -> Outcome {
          WANT_OK(apply::become_user({}));
          WANT_OK(apply::set_capabilities({}));
          auto masks = sys::capget();
          WANT_OK(masks);
          WANT(masks.value() == sys::CapabilityMasks{});
          WANT(!sys::setgroups({}));
          return {};
        }) == "");
}

TEST_CASE("limits are set by the process itself, and a refused one has its name") {
  CHECK(kernel::in_child([]() -> Outcome {
          plan::Process plan;
          plan.rlimits = {{RLIMIT_NOFILE, 10, 20, "process.rlimits[0] RLIMIT_NOFILE"}};
          WANT_OK(apply::set_limits(plan));
          auto limit = sys::get_limit(0, RLIMIT_NOFILE);
          WANT_OK(limit);
          WANT(limit.value().soft == 10 && limit.value().hard == 20);
          plan.rlimits[0].soft = 30;
          auto refused = apply::set_limits(plan);
          WANT(!refused);
          WANT(refused.error().text().starts_with("process.rlimits[0] RLIMIT_NOFILE: "));
          return {};
        }) == "");
}

TEST_CASE("regular files become the user's, devices never") {
  NEEDS_ROOT();
  CHECK(kernel::on_host([]() -> Outcome {
          return kernel::in_child([]() -> Outcome {
            kernel::write_file("/tmp/file", "");
            auto file = sys::openat(FdRef::cwd(), "/tmp/file", O_RDWR);
            auto null = sys::openat(FdRef::cwd(), "/dev/null", O_RDWR);
            WANT_OK(file);
            WANT_OK(null);
            WANT_OK(sys::place_at(null.value(), 0));
            WANT_OK(sys::place_at(file.value(), 1));
            WANT(::close(2) == 0);
            struct stat st {};
            WANT(::fstat(0, &st) == 0);
            auto owner = st.st_uid;
            WANT_OK(apply::own_standard_descriptors({.uid = 1000}));
            WANT(::fstat(1, &st) == 0 && st.st_uid == 1000, st.st_uid);
            WANT(::fstat(0, &st) == 0 && st.st_uid == owner, st.st_uid);
            return {};
          });
        }) == "");
}

TEST_CASE("a working directory outside the root is refused") {
  CHECK(kernel::on_host([]() -> Outcome {
          ::mkdir("/tmp/root", 0755);
          ::mkdir("/tmp/root/proc", 0755);
          ::mkdir("/tmp/root/work", 0755);
          WANT(::mount("/proc", "/tmp/root/proc", nullptr, MS_BIND | MS_REC, nullptr) == 0);
          auto outside = sys::openat(FdRef::cwd(), "/tmp", O_PATH | O_DIRECTORY);
          WANT_OK(outside);
          WANT(::chroot("/tmp/root") == 0);
          WANT_OK(apply::enter_cwd({.cwd = "/work"}));
          auto path = base::cat("/proc/self/fd/", outside.value().raw());
          auto refused = apply::enter_cwd({.cwd = path});
          WANT(!refused);
          WANT(refused.error().text().find("leads out of the container") != std::string::npos,
               refused.error().text());
          auto absent = apply::enter_cwd({.cwd = "/none"});
          WANT(!absent && absent.error().code() == ENOENT);
          return {};
        }) == "");
}

TEST_CASE("the runtime adjusts a waiting process: oom score, nice value, io priority") {
  auto proc = fs::Proc::open();
  REQUIRE(proc);
  CHECK(kernel::in_child([&]() -> Outcome {
          plan::Process plan;
          plan.oom_score_adj = "700";
          plan.scheduler.emplace();
          plan.scheduler->nice = 5;
          plan.io_priority = 3 << 13;
          WANT_OK(apply::adjust_process(plan, ::getpid(), proc.value()));
          auto score = proc.value().read("self/oom_score_adj");
          WANT_OK(score);
          WANT(score.value() == "700\n", score.value());
          WANT(::getpriority(PRIO_PROCESS, 0) == 5);
          plan.oom_score_adj = "1001";
          auto refused = apply::adjust_process(plan, ::getpid(), proc.value());
          WANT(!refused && refused.error().text().starts_with("process.oomScoreAdj: "));
          return {};
        }) == "");
}

}  // namespace
