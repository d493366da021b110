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

TEST_CASE("a read-only root is so at last, with devices and mount points made before") {
  auto wanted = config();
  wanted.root->readonly = true;
  CHECK(run(wanted, [] {
          WANT(!writable("/file"));
          WANT(writable("/dev/file"));
          WANT(mount_at("/").options.starts_with("ro"));
          return default_view();
        }) == "");
}

TEST_CASE("propagation of the root is as asked") {
  struct Row {
    spec::Propagation word;
    const char* propagation;
  };
  for (auto row : {Row{spec::Propagation::Shared, "shared:"}, Row{spec::Propagation::Private, ""},
                   Row{spec::Propagation::Slave, "master:"},
                   Row{spec::Propagation::Unbindable, "unbindable"}}) {
    auto outcome = kernel::on_host([&]() -> Outcome {
      make_bundle();
      WANT(::mount(nullptr, "/tmp", nullptr, MS_SHARED, nullptr) == 0);
      auto wanted = config();
      wanted.root->readonly = true;
      wanted.linux_.rootfs_propagation = row.word;
      return contain(wanted, kContainer, [&] {
        WANT(mount_at("/").propagation.starts_with(row.propagation), mount_at("/").propagation);
        WANT(mount_at("/").propagation.empty() == !*row.propagation);
        WANT(mount_at("/").options.starts_with("ro"));
        return default_view();
      });
    });
    CHECK(outcome == "");
  }
}

TEST_CASE("without a mount namespace the tree stands on the host's path until it is detached") {
  auto wanted = config();
  wanted.linux_.namespaces.erase(wanted.linux_.namespaces.begin());
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    auto before = fs::read_mountinfo();
    auto inside = contain(wanted, kContainer & ~CLONE_NEWNS, default_view);
    WANT(inside.empty(), inside);
    WANT(mount_at("/tmp/bundle/rootfs/dev").type == "tmpfs");
    WANT_OK(apply::detach_rootfs("/tmp/bundle/rootfs"));
    auto after = fs::read_mountinfo();
    WANT(before.value() == after.value());
    WANT_OK(apply::detach_rootfs("/tmp/bundle/rootfs"));
    return "";
  });
  CHECK(outcome == "");
}

TEST_CASE("bundles may be prepared again after a container, and the host sees none of its mounts") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    WANT(::mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr) == 0);
    auto before = fs::read_mountinfo();
    for (int i = 0; i < 2; i++) {
      auto inside = contain(config(), kContainer, default_view);
      WANT(inside.empty(), inside);
    }
    auto after = fs::read_mountinfo();
    WANT(before.value() == after.value());
    return "";
  });
  CHECK(outcome == "");
}

// The hierarchies of this machine, as far as its mounts tell.
plan::CgroupHost cgroups() {
  plan::CgroupHost out;
  auto rows = fs::read_mountinfo();
  if (!rows) return out;
  for (const auto& row : rows.value()) {
    if (row.type != "cgroup" && row.type != "cgroup2") continue;
    plan::CgroupHierarchy hierarchy{
        .mount = row.mount_point, .v2 = row.type == "cgroup2", .own = "/"};
    for (auto word : base::split(row.super_options, ','))
      if (!hierarchy.v2 && word != "rw" && word != "ro" && word != "xattr" &&
          !word.starts_with("release_agent") && word != "clone_children")
        hierarchy.controllers.emplace_back(word);
    out.hierarchies.push_back(hierarchy);
  }
  bool unified = out.hierarchies.size() == 1 && out.hierarchies[0].v2;
  if (!out.hierarchies.empty())
    out.mode = unified ? plan::CgroupMode::Unified : plan::CgroupMode::Hybrid;
  return out;
}

Outcome with_cgroups(bool own_namespace) {
  auto wanted = config();
  wanted.mounts.push_back(
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"}, {}, {}});
  if (own_namespace) wanted.linux_.namespaces.push_back({NamespaceType::Cgroup, ""});
  return kernel::on_host([&]() -> Outcome {
    make_bundle();
    auto on = host();
    on.cgroup = cgroups();
    if (on.cgroup.hierarchies.empty()) return "";
    auto plan = plan::rootfs(wanted, on, {.bundle = "/tmp/bundle"}, {});
    WANT_OK(plan);
    auto prepared = apply::prepare_rootfs(plan.value());
    WANT_OK(prepared);
    return kernel::in_namespaces(
        kContainer | (own_namespace ? CLONE_NEWCGROUP : 0), [&]() -> Outcome {
          WANT_OK(apply::build_rootfs(plan.value(), prepared.value()));
          WANT_OK(apply::enter_rootfs(plan.value(), prepared.value()));
          WANT_OK(apply::finish_rootfs(plan.value(), prepared.value()));
          WANT(!writable("/sys/fs/cgroup/new"));
          for (const auto& hierarchy : on.cgroup.hierarchies) {
            auto row = mount_at(hierarchy.mount);
            WANT(row.type == (hierarchy.v2 ? "cgroup2" : "cgroup"), hierarchy.mount);
            WANT(row.options.starts_with("ro,nosuid,nodev,noexec"), row.options);
          }
          return default_view();
        });
  });
}

TEST_CASE("a cgroup mount shows every hierarchy of the host, read-only when asked") {
  CHECK(with_cgroups(false) == "");
  CHECK(with_cgroups(true) == "");
}

}  // namespace
