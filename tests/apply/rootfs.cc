#include "apply/rootfs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "fs/files.h"
#include "fs/mountinfo.h"
#include "fs/root.h"
#include "kernel.h"
#include "sys/file.h"

namespace {

using kernel::Outcome;
using spec::NamespaceType;

constexpr int kContainer = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;

// A bundle below /tmp and a configuration with what `runtime spec` writes.
spec::Config config() {
  spec::Config out;
  out.root = spec::Root{.path = "rootfs"};
  out.mounts = {
      {"/proc", "proc", "proc", {}, {}, {}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}, {}, {}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"},
       {},
       {}},
      {"/dev/shm",
       "tmpfs",
       "shm",
       {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"},
       {},
       {}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}, {}, {}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}, {}, {}}};
  for (auto type : {NamespaceType::Mount, NamespaceType::Pid, NamespaceType::Network,
                    NamespaceType::Ipc, NamespaceType::Uts})
    out.linux_.namespaces.push_back({type, ""});
  out.linux_.masked_paths = {"/proc/kcore", "/proc/scsi",    "/proc/keys", "/proc/timer_list",
                             "/nothing",    "/sys/firmware", "/proc/acpi"};
  out.linux_.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"};
  return out;
}

plan::Host host() {
  plan::Host out;
  if (::geteuid() == 0) out.held_capabilities = ~std::uint64_t{0};
  return out;
}

void make_bundle() {
  ::umask(022);
  ::mkdir("/tmp/bundle", 0755);
  ::mkdir("/tmp/bundle/rootfs", 0755);
  ::mkdir("/tmp/bundle/rootfs/work", 0755);
  ::mkdir("/tmp/evil", 0755);
}

// Plan and prepare on this host, then build, enter and finish in a container, and look around.
Outcome contain(const spec::Config& config, int flags, const kernel::Body& look,
                plan::Request request = {.bundle = "/tmp/bundle"}) {
  auto plan = plan::rootfs(config, host(), request, {});
  WANT_OK(plan);
  auto prepared = apply::prepare_rootfs(plan.value());
  WANT_OK(prepared);
  return kernel::in_namespaces(flags, [&]() -> Outcome {
    WANT_OK(apply::build_rootfs(plan.value(), prepared.value()));
    WANT_OK(apply::enter_rootfs(plan.value(), prepared.value()));
    WANT_OK(apply::finish_rootfs(plan.value(), prepared.value()));
    return look();
  });
}

Outcome run(const spec::Config& config, const kernel::Body& look,
            plan::Request request = {.bundle = "/tmp/bundle"}) {
  return kernel::on_host([&] {
    make_bundle();
    return contain(config, kContainer, look, request);
  });
}

// The row of the mount that is on top at this place.
fs::MountRow mount_at(const std::string& place) {
  auto rows = fs::read_mountinfo();
  fs::MountRow out;
  if (rows)
    for (const auto& row : rows.value())
      if (row.mount_point == place) out = row;
  return out;
}

bool exists(const char* path) { return ::access(path, F_OK) == 0; }
bool writable(const std::string& path) {
  return static_cast<bool>(sys::openat(base::FdRef::cwd(), path, O_WRONLY | O_CREAT, 0600));
}
bool is_device(const char* path, unsigned major_number, unsigned minor_number) {
  struct stat st {};
  return ::lstat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
         st.st_rdev == ::makedev(major_number, minor_number);
}
std::string link_of(const char* path) {
  auto text = sys::readlinkat(base::FdRef::cwd(), path);
  return text ? text.value() : "";
}

Outcome default_view() {
  WANT(mount_at("/proc").type == "proc");
  WANT(mount_at("/sys").type == "sysfs");
  WANT(mount_at("/sys").options.starts_with("ro,"));
  WANT(mount_at("/dev").type == "tmpfs");
  WANT(mount_at("/dev").options == "rw,nosuid", mount_at("/dev").options);
  WANT(mount_at("/dev/pts").type == "devpts");
  WANT(mount_at("/dev/shm").source == "shm");
  WANT(mount_at("/dev/mqueue").type == "mqueue");
  WANT(is_device("/dev/null", 1, 3));
  WANT(is_device("/dev/zero", 1, 5));
  WANT(is_device("/dev/full", 1, 7));
  WANT(is_device("/dev/random", 1, 8));
  WANT(is_device("/dev/urandom", 1, 9));
  WANT(is_device("/dev/tty", 5, 0));
  WANT(link_of("/dev/fd") == "/proc/self/fd");
  WANT(link_of("/dev/stderr") == "/proc/self/fd/2");
  WANT(link_of("/dev/ptmx") == "pts/ptmx");
  WANT(is_device("/proc/keys", 1, 3));
  WANT(!writable("/proc/sys/kernel/hostname"));
  WANT(exists("/work"));
  WANT(!exists("/tmp/bundle"));
  WANT(::getpid() == 1);
  return "";
}

TEST_CASE(
    "the default mounts, devices, links, masks and read-only paths stand, and the host is gone") {
  CHECK(run(config(), default_view) == "");
}

TEST_CASE("the same stands in a user namespace, with devices bound from the host") {
  auto wanted = config();
  wanted.linux_.namespaces.push_back({NamespaceType::User, ""});
  auto outcome = kernel::on_host([&] {
    make_bundle();
    return contain(wanted, kContainer | CLONE_NEWUSER, default_view);
  });
  CHECK(outcome == "");
}

TEST_CASE("an unprivileged runtime leaves the opening to init, and the same stands") {
  auto wanted = config();
  wanted.linux_.namespaces.push_back({NamespaceType::User, ""});
  wanted.mounts.push_back({"/inner", "bind", "/tmp/evil", {"bind", "ro"}, {}, {}});
  auto outcome = kernel::on_host([&] {
    make_bundle();
    return kernel::in_child([&]() -> Outcome {
      if (::chown("/tmp/bundle/rootfs", 1000, 1000) < 0 || ::setgid(1000) < 0 ||
          ::setuid(1000) < 0 || ::prctl(PR_SET_DUMPABLE, 1) < 0)
        return "";  // not root: we are that already
      return contain(wanted, kContainer | CLONE_NEWUSER, [] {
        WANT(mount_at("/inner").options.starts_with("ro"));
        return default_view();
      });
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("without pivot_root the same stands") {
  CHECK(run(config(), default_view, {.bundle = "/tmp/bundle", .no_pivot = true}) == "");
}

TEST_CASE("the tree is attached over / when init cannot reach its path") {
  auto wanted = config();
  wanted.linux_.namespaces.push_back({NamespaceType::User, ""});
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    auto plan = plan::rootfs(wanted, host(), {.bundle = "/tmp/bundle"}, {});
    WANT_OK(plan);
    auto prepared = apply::prepare_rootfs(plan.value());
    WANT_OK(prepared);
    if (::chmod("/tmp/bundle", 0700) < 0 || ::chown("/tmp/bundle", 1, 1) < 0) return "";
    return kernel::in_namespaces(kContainer | CLONE_NEWUSER, [&]() -> Outcome {
      WANT_OK(apply::build_rootfs(plan.value(), prepared.value()));
      WANT(prepared.value().over_root);
      WANT_OK(apply::enter_rootfs(plan.value(), prepared.value()));
      WANT_OK(apply::finish_rootfs(plan.value(), prepared.value()));
      return default_view();
    });
  });
  CHECK(outcome == "");
}

}  // namespace
