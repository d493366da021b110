// Images that try to lead the runtime out of the root file system, or to have it write or uncover
// what it should not.
#include <doctest/doctest.h>

#include "apply/contained.h"
#include "apply/masks.h"

namespace {

using namespace contained;

void link_to(const char* target, const char* at) {
  ::remove(at);
  if (::symlink(target, at) < 0) std::perror(at);
}

// Runs with an image that `prepare` has made, and then looks at the host: nothing may have been
// mounted or made in /tmp/evil.
Outcome attacked(const spec::Config& wanted, const std::function<void()>& prepare,
                 const kernel::Body& look) {
  return kernel::on_host([&]() -> Outcome {
    make_bundle();
    prepare();
    auto before = fs::read_mountinfo();
    WANT_OK(before);
    auto outcome = contain(wanted, kContainer, look);
    auto after = fs::read_mountinfo();
    WANT_OK(after);
    WANT(before.value() == after.value());
    auto dir = sys::openat(base::FdRef::cwd(), "/tmp/evil", O_RDONLY | O_DIRECTORY);
    WANT_OK(dir);
    auto entries = sys::getdents(dir.value());
    WANT_OK(entries);
    WANT(entries.value().empty(), "something was made in /tmp/evil");
    return outcome;
  });
}

Outcome nothing() { return ""; }

// cve: 2026-41579, 2026-47766
TEST_CASE("a link at /dev leads below the root only") {
  CHECK(attacked(
            config(), [] { link_to("/tmp/evil", "/tmp/bundle/rootfs/dev"); },
            [] {
              WANT(is_device("/tmp/evil/null", 1, 3));
              WANT(mount_at("/tmp/evil").type == "tmpfs");
              return Outcome();
            }) == "");
  auto without_mount = config();
  without_mount.mounts.resize(1);
  CHECK(attacked(
            without_mount, [] { link_to("../../../tmp/evil", "/tmp/bundle/rootfs/dev"); },
            [] {
              WANT(is_device("/tmp/evil/null", 1, 3));
              return Outcome();
            }) == "");
}

// cve: 2019-19921
TEST_CASE("a procfs or sysfs is not mounted where a link leads") {
  CHECK(attacked(
            config(), [] { link_to("/tmp/evil", "/tmp/bundle/rootfs/proc"); }, nothing)
            .find("mounts[0]: mount proc on \"/proc\": destination \"/proc\" must be an ordinary "
                  "directory") != std::string::npos);
  CHECK(attacked(
            config(), [] { link_to("work", "/tmp/bundle/rootfs/sys"); }, nothing)
            .find("mounts[5]") != std::string::npos);
}

// cve: 2019-16884, 2025-52881
TEST_CASE("a destination that a link leads into /proc is refused") {
  auto wanted = config();
  wanted.mounts.push_back({.destination = "/attr", .source = "/tmp", .options = {"bind"}});
  CHECK(attacked(
            wanted, [] { link_to("/proc/self/attr", "/tmp/bundle/rootfs/attr"); }, nothing)
            .find("is led into /proc") != std::string::npos);
}

TEST_CASE("destinations and links with .. stay below the root") {
  auto wanted = config();
  wanted.mounts.push_back({.destination = "/../../../evil", .type = "tmpfs"});
  wanted.mounts.push_back({.destination = "/out/deeper", .type = "tmpfs"});
  CHECK(attacked(
            wanted, [] { link_to("../../../../../../tmp/evil", "/tmp/bundle/rootfs/out"); },
            [] {
              WANT(mount_at("/evil").type == "tmpfs");
              WANT(mount_at("/tmp/evil/deeper").type == "tmpfs");
              return Outcome();
            }) == "");
}

TEST_CASE("magic links in a path are refused") {
  auto wanted = config();
  wanted.mounts.push_back({.destination = "/m/x", .type = "tmpfs"});
  CHECK(attacked(
            wanted, [] { link_to("/proc/self/cwd", "/tmp/bundle/rootfs/m"); }, nothing)
            .find("mounts[6]: mount tmpfs on \"/m/x\"") != std::string::npos);
}

TEST_CASE("a bind source below the root that leads out of it is looked up in it") {
  auto wanted = config();
  wanted.mounts.push_back({.destination = "/got", .source = "rootfs/leak", .options = {"bind"}});
  CHECK(attacked(
            wanted, [] { link_to("/etc", "/tmp/bundle/rootfs/leak"); }, nothing)
            .find("mounts[6]: bind \"leak\" on \"/got\": bind source \"leak\"") !=
        std::string::npos);
}

// cve: 2025-31133
TEST_CASE("files are masked with the host's /dev/null, whatever the image has there") {
  auto wanted = config();
  wanted.mounts.resize(1);  // /dev is the image's own
  wanted.linux_.masked_paths = {"/secret", "/work", "/proc/keys", "/led"};
  CHECK(attacked(
            wanted,
            [] {
              ::mkdir("/tmp/bundle/rootfs/dev", 0755);
              kernel::write_file("/tmp/bundle/rootfs/dev/null", "not null");
              kernel::write_file("/tmp/bundle/rootfs/secret", "secret");
              kernel::write_file("/tmp/bundle/rootfs/work/file", "secret");
              link_to("/etc/passwd", "/tmp/bundle/rootfs/led");
            },
            [] {
              WANT(is_device("/secret", 1, 3));
              WANT(is_device("/proc/keys", 1, 3));
              WANT(is_device("/dev/null", 1, 3), "an ordinary file is covered");
              WANT(!exists("/work/file"));
              WANT(!writable("/work/new"));
              return Outcome();
            }) == "");
}

TEST_CASE("a host whose /dev/null is something else masks nothing, and says so") {
  CHECK(kernel::on_host([]() -> Outcome {
          kernel::write_file("/tmp/false", "");
          WANT(::mount("/tmp/false", "/dev/null", nullptr, MS_BIND, nullptr) == 0);
          auto opened = apply::open_null();
          WANT(!opened);
          WANT(opened.error().text() == "the host's \"/dev/null\" is not the device 1:3");
          return "";
        }) == "");
}

TEST_CASE("another file in the place of a configured device is an error, a link in that of any") {
  auto wanted = config();
  wanted.mounts.resize(1);
  wanted.linux_.devices = {{.type = "c", .path = "/work/dev", .major = 1, .minor = 5}};
  CHECK(attacked(
            wanted, [] { kernel::write_file("/tmp/bundle/rootfs/work/dev", ""); }, nothing)
            .find("linux.devices[0] \"/work/dev\": another file is in its place") !=
        std::string::npos);
  CHECK(attacked(
            wanted,
            [] {
              ::mkdir("/tmp/bundle/rootfs/dev", 0755);
              link_to("/tmp/evil/x", "/tmp/bundle/rootfs/dev/zero");
            },
            nothing)
            .find("default device \"/dev/zero\": another file") != std::string::npos);
}

// cve: 2025-52565
TEST_CASE("the console is bound on a plain file or device of /dev, never through a link") {
  CHECK(run(config(), [] {
          auto root = sys::openat(base::FdRef::cwd(), "/", O_PATH | O_DIRECTORY);
          WANT_OK(root);
          int master = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
          int unlocked = 0;
          WANT(master >= 0 && ::ioctl(master, TIOCSPTLCK, &unlocked) == 0);
          base::Fd slave(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
          WANT(slave);
          WANT_OK(apply::bind_console(root.value(), slave));
          WANT(mount_at("/dev/console").type == "devpts");
          WANT(::umount2("/dev/console", MNT_DETACH) == 0 && ::unlink("/dev/console") == 0);
          link_to("/work", "/dev/console");
          WANT(!apply::bind_console(root.value(), slave));
          auto null = sys::openat(base::FdRef::cwd(), "/dev/null", O_RDWR);
          WANT_OK(null);
          WANT(!apply::bind_console(root.value(), null.value()), "no devpts");
          return Outcome();
        }) == "");
}

TEST_CASE("five hundred masked directories share one file system") {
  auto wanted = config();
  for (int i = 0; i < 500; i++) wanted.linux_.masked_paths.push_back(base::cat("/many/", i));
  CHECK(attacked(
            wanted,
            [] {
              ::mkdir("/tmp/bundle/rootfs/many", 0755);
              for (int i = 0; i < 500; i++)
                ::mkdir(base::cat("/tmp/bundle/rootfs/many/", i).c_str(), 0755);
            },
            [] {
              WANT(!writable("/many/0/x"));
              struct stat first {};
              struct stat last {};
              WANT(::stat("/many/0", &first) == 0 && ::stat("/many/499", &last) == 0);
              WANT(first.st_dev == last.st_dev);
              return Outcome();
            }) == "");
}

}  // namespace
