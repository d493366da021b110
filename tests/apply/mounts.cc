#include "apply/mounts.h"

#include <doctest/doctest.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#include <cstdio>
#include <utility>

#include "apply/contained.h"
#include "fs/files.h"

namespace {

using namespace contained;
using Words = std::vector<std::string>;

bool older_than(int major, int minor) {
  utsname host{};
  std::pair<int, int> found;
  REQUIRE(::uname(&host) == 0);
  REQUIRE(std::sscanf(host.release, "%d.%d", &found.first, &found.second) == 2);
  return found < std::pair(major, minor);
}

spec::Mount tmpfs(const std::string& at, Words options) {
  return {.destination = at, .type = "tmpfs", .source = "tmpfs", .options = std::move(options)};
}
spec::Mount bind(const std::string& from, const std::string& to, Words options) {
  return {.destination = to, .source = from, .options = std::move(options)};
}
spec::Config with(std::vector<spec::Mount> mounts) {
  auto out = config();
  for (auto& mount : mounts) out.mounts.push_back(std::move(mount));
  return out;
}
bool has(const std::string& options, const std::string& word) {
  for (auto part : base::split(options, ','))
    if (part == word) return true;
  return false;
}
std::string prepare_error(const spec::Config& wanted) {
  return kernel::on_host([&]() -> Outcome {
    make_bundle();
    auto plan = plan::rootfs(wanted, host(), {.bundle = "/tmp/bundle"}, {});
    WANT_OK(plan);
    auto prepared = apply::prepare_rootfs(plan.value());
    return prepared ? "prepared" : prepared.error().text();
  });
}

TEST_CASE("each word works on a tmpfs as mount(8) says") {
  struct Row {
    Words words;
    const char* option;  // in mountinfo, of the mount or of the file system
    bool present;
  };
  const Row rows[] = {
      {{"ro"}, "ro", true},
      {{"ro", "rw"}, "rw", true},
      {{"nosuid"}, "nosuid", true},
      {{"nosuid", "suid"}, "nosuid", false},
      {{"nodev"}, "nodev", true},
      {{"noexec"}, "noexec", true},
      {{"rnoexec", "rexec"}, "noexec", false},
      {{"noatime"}, "noatime", true},
      {{"noatime", "atime"}, "relatime", true},
      {{"strictatime"}, "relatime", false},
      {{"strictatime", "nostrictatime"}, "relatime", true},
      {{"nodiratime"}, "nodiratime", true},
      {{"nosymfollow"}, "nosymfollow", true},
      {{"sync"}, "sync", true},
      {{"sync", "async"}, "sync", false},
      {{"dirsync"}, "dirsync", true},
      {{"lazytime"}, "lazytime", true},
      {{"lazytime", "nolazytime"}, "lazytime", false},
      {{"defaults", "silent", "loud", "iversion", "noiversion", "nomand"}, "rw", true},
      {{"mode=700", "size=64k"}, "size=64k", true}};
  std::vector<spec::Mount> mounts;
  for (std::size_t i = 0; i < std::size(rows); i++)
    mounts.push_back(tmpfs(base::cat("/t", i), rows[i].words));
  CHECK(run(with(mounts), [&]() -> Outcome {
          for (std::size_t i = 0; i < std::size(rows); i++) {
            auto row = mount_at(base::cat("/t", i));
            auto all = row.options + "," + row.super_options;
            WANT(has(all, rows[i].option) == rows[i].present, rows[i].words[0], " gave ", all);
          }
          return "";
        }) == "");
}

TEST_CASE(
    "a bind mount inherits the flags of its source, and a clearing word clears its own only") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    WANT(::mount("tmpfs", "/tmp/evil", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOATIME, nullptr) == 0);
    auto wanted =
        with({bind("/tmp/evil", "/as", {"bind"}), bind("/tmp/evil", "/suid", {"bind", "suid"}),
              bind("/tmp/evil", "/ro", {"bind", "ro", "noexec"}),
              bind("/tmp/evil", "/strict", {"bind", "nostrictatime"}),
              bind("/tmp/evil", "/atime", {"bind", "atime"})});
    return contain(wanted, kContainer, [] {
      WANT(mount_at("/as").options == "rw,nosuid,nodev,noatime", mount_at("/as").options);
      WANT(mount_at("/suid").options == "rw,nodev,noatime");
      WANT(mount_at("/ro").options == "ro,nosuid,nodev,noexec,noatime");
      WANT(mount_at("/strict").options == "rw,nosuid,nodev,noatime");
      WANT(mount_at("/atime").options == "rw,nosuid,nodev,relatime");
      return Outcome();
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("flags locked by a more privileged namespace stay, and do not fail the mount") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    WANT(::mount("tmpfs", "/tmp/evil", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0);
    WANT(::chown("/tmp/bundle/rootfs", 1000, 1000) == 0);
    return kernel::in_child([&]() -> Outcome {
      if (::geteuid() != 0) return "";
      WANT(::setgid(1000) == 0 && ::setuid(1000) == 0);
      ::prctl(PR_SET_DUMPABLE, 1);
      auto wanted = with({bind("/tmp/evil", "/in", {"bind", "suid", "dev", "exec", "ro"})});
      wanted.linux_.namespaces.push_back({NamespaceType::User, ""});
      return contain(wanted, kContainer | CLONE_NEWUSER, [] {
        WANT(mount_at("/in").options.starts_with("ro,nosuid,nodev,noexec"),
             mount_at("/in").options);
        return Outcome();
      });
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("recursive words reach what is mounted below the source, others the top alone") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    WANT(::mkdir("/tmp/evil/sub", 0755) == 0);
    WANT(::mount("/tmp/evil", "/tmp/evil", nullptr, MS_BIND, nullptr) == 0);
    WANT(::mount("tmpfs", "/tmp/evil/sub", "tmpfs", 0, nullptr) == 0);
    auto wanted = with({bind("/tmp/evil", "/top", {"rbind", "ro"}),
                        bind("/tmp/evil", "/all", {"rbind", "rro", "rnoatime", "rnosuid"}),
                        bind("/tmp/evil", "/alone", {"bind"})});
    return contain(wanted, kContainer, [] {
      WANT(has(mount_at("/top").options, "ro"));
      WANT(has(mount_at("/top/sub").options, "rw"));
      WANT(mount_at("/all").options == "ro,nosuid,noatime");
      WANT(mount_at("/all/sub").options == "ro,nosuid,noatime", mount_at("/all/sub").options);
      WANT(mount_at("/alone/sub").type.empty());
      return Outcome();
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("propagation words, and what comes from a shared host stays a slave by default") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    WANT(::mount("tmpfs", "/tmp/evil", "tmpfs", 0, nullptr) == 0);
    WANT(::mount(nullptr, "/tmp/evil", nullptr, MS_SHARED, nullptr) == 0);
    auto wanted =
        with({bind("/tmp/evil", "/default", {"rbind"}),
              bind("/tmp/evil", "/private", {"rbind", "rprivate"}),
              bind("/tmp/evil", "/shared", {"bind", "shared"}), tmpfs("/own", {"shared"})});
    return contain(wanted, kContainer, [] {
      WANT(mount_at("/default").propagation.starts_with("master:"));
      WANT(mount_at("/private").propagation.empty());
      WANT(mount_at("/shared").propagation.starts_with("shared:"));
      WANT(mount_at("/own").propagation.starts_with("shared:"));
      WANT(mount_at("/").propagation.empty());
      return Outcome();
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("with rootfsPropagation shared, a shared volume reaches the host, the root does not") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    WANT(::mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr) == 0);
    WANT(::mount("tmpfs", "/tmp/evil", "tmpfs", 0, nullptr) == 0);
    WANT(::mkdir("/tmp/evil/sub", 0755) == 0);
    auto before = fs::read_mountinfo();
    WANT_OK(before);
    auto wanted = with({bind("/tmp/evil", "/vol", {"rbind", "rshared"})});
    wanted.linux_.rootfs_propagation = spec::Propagation::Shared;
    wanted.linux_.rootfs_propagation_recursive = false;
    auto inside = contain(wanted, kContainer, [] {
      WANT(mount_at("/").propagation.starts_with("shared:"));
      WANT(!mount_at("/").propagation.ends_with("master"));
      WANT(::mount("tmpfs", "/vol/sub", "tmpfs", 0, nullptr) == 0);
      return Outcome();
    });
    WANT(inside.empty(), inside);
    WANT(mount_at("/tmp/evil/sub").type == "tmpfs");
    auto after = fs::read_mountinfo();
    WANT_OK(after);
    WANT(after.value().size() == before.value().size() + 1);
    return "";
  });
  CHECK(outcome == "");
}

TEST_CASE(
    "tmpcopyup keeps files, links and modes, and the tmpfs looks like the directory it covers") {
  auto wanted = with({tmpfs("/work", {"tmpcopyup"}), tmpfs("/fresh", {})});
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    ::chmod("/tmp/bundle/rootfs/work", 0711);
    kernel::write_file("/tmp/bundle/rootfs/work/file", "text");
    WANT(::chmod("/tmp/bundle/rootfs/work/file", 0640) == 0);
    WANT(::symlink("/etc/passwd", "/tmp/bundle/rootfs/work/link") == 0);
    return contain(wanted, kContainer, [] {
      auto text = fs::read_file(base::FdRef::cwd(), "/work/file");
      WANT_OK(text);
      WANT(text.value() == "text");
      struct stat st {};
      WANT(::stat("/work/file", &st) == 0 && (st.st_mode & 07777) == 0640);
      WANT(::stat("/work", &st) == 0 && (st.st_mode & 07777) == 0711);
      WANT(::stat("/fresh", &st) == 0 && (st.st_mode & 07777) == 01777);
      WANT(link_of("/work/link") == "/etc/passwd");
      WANT(mount_at("/work").type == "tmpfs");
      return Outcome();
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("later mounts are made in earlier ones, also read-only ones, and sources see them") {
  auto wanted = with({tmpfs("/t", {"ro"}),
                      tmpfs("/t/inner", {}),
                      bind("rootfs/t", "/again", {"rbind"}),
                      bind("/tmp/evil/file", "/new/deep/file", {"bind"}),
                      {.destination = "/t/inner", .options = {"remount", "bind", "ro", "nosuid"}}});
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    kernel::write_file("/tmp/evil/file", "text");
    return contain(wanted, kContainer, [] {
      WANT(has(mount_at("/t").options, "ro"));
      WANT(has(mount_at("/t/inner").options, "ro"));
      WANT(has(mount_at("/t/inner").options, "nosuid"));
      WANT(mount_at("/again/inner").type == "tmpfs");
      WANT(exists("/new/deep/file"));
      return Outcome();
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("overlay layers longer than a parameter of fsconfig are mounted all the same") {
  auto outcome = kernel::on_host([&]() -> Outcome {
    make_bundle();
    std::string lower;
    for (int i = 0; i < 12; i++) {
      auto dir = base::cat("/tmp/a-layer-with-a-name-that-is-long-", i);
      WANT(::mkdir(dir.c_str(), 0755) == 0);
      lower += (i ? ":" : "") + dir;
    }
    spec::Mount overlay{.destination = "/o",
                        .type = "overlay",
                        .source = "overlay",
                        .options = {"lowerdir=" + lower, "ro", "nosuid"}};
    return contain(with({overlay}), kContainer, [] {
      WANT(mount_at("/o").type == "overlay");
      WANT(mount_at("/o").options.starts_with("ro,nosuid"));
      return Outcome();
    });
  });
  CHECK(outcome == "");
}

TEST_CASE("idmap shows other owners") {
  auto mount = bind("/tmp/evil", "/mapped", {"bind", "idmap"});
  mount.uid_mappings = {{0, 100000, 1000}};
  mount.gid_mappings = {{0, 200000, 1000}};
  auto outcome = kernel::on_host([&]() -> Outcome {
    if (::geteuid() != 0) return "";
    make_bundle();
    kernel::write_file("/tmp/evil/file", "");
    return contain(with({mount}), kContainer, [] {
      struct stat st {};
      WANT(::stat("/mapped/file", &st) == 0);
      WANT(st.st_uid == 100000 && st.st_gid == 200000, st.st_uid);
      return Outcome();
    });
  });
  // The bundle is a tmpfs, which maps ids since Linux 6.3; before, this is said.
  if (outcome.find("idmap: the file system of \"/tmp/evil\" cannot map ids") != outcome.npos)
    CHECK(older_than(6, 3));
  else
    CHECK(outcome == "");
}

TEST_CASE("more mounts than the runtime may hold descriptors are made all the same") {
  std::vector<spec::Mount> mounts;
  for (int i = 0; i < 1100; i++)
    mounts.push_back(bind("/tmp/evil", base::cat("/many/", i), {"bind", "ro"}));
  CHECK(run(with(mounts), [] {
          WANT(has(mount_at("/many/0").options, "ro"));
          WANT(has(mount_at("/many/1099").options, "ro"));
          return Outcome();
        }) == "");
}

TEST_CASE("what is missing is said before anything is made") {
  CHECK(prepare_error(with({bind("/x", "/y", {"bind"})})) ==
        "mounts[6]: bind source \"/x\": no such file or directory");
  auto wanted = config();
  wanted.root->path = "nowhere";
  CHECK(prepare_error(wanted) == "root.path \"/tmp/bundle/nowhere\": no such file or directory");
}

TEST_CASE("a refused parameter is named, with the kernel's own words") {
  auto text = run(with({tmpfs("/t", {"nonsense=1"})}), [] { return Outcome(); });
  CHECK(text.find("mounts[6]: mount tmpfs on \"/t\": fsconfig(") != text.npos);
  CHECK(text.find("Unknown parameter 'nonsense'") != text.npos);
  text = run(with({{.destination = "/t", .type = "nofs"}}), [] { return Outcome(); });
  CHECK(text.find("mounts[6]: mount nofs on \"/t\": fsopen(\"nofs\"): No such device") !=
        text.npos);
}

TEST_CASE("a mount at / becomes the root") {
  auto wanted = config();
  wanted.mounts.insert(wanted.mounts.begin(), tmpfs("/", {"mode=755", "ro"}));
  CHECK(run(wanted, [] {
          WANT(mount_at("/").type == "tmpfs");
          WANT(mount_at("/").options.starts_with("ro"));
          WANT(is_device("/dev/null", 1, 3));
          return Outcome();
        }) == "");
}

}  // namespace
