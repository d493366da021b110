#include "apply/rootfs.h"

#include <doctest/doctest.h>
#include <sys/prctl.h>

#include "apply/contained.h"

namespace {

using namespace contained;

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
