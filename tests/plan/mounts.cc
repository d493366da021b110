#include "plan/mounts.h"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <algorithm>
#include <set>

namespace {

using plan::FsOption;
using plan::MountChange;
using plan::MountContext;
using plan::MountOp;
using Words = std::vector<std::string>;

plan::Host host() {
  plan::Host out;
  out.held_capabilities = ~std::uint64_t{0};
  return out;
}

struct Planned {
  std::vector<MountOp> ops{};
  std::string error{};
};

Planned plan_of(const spec::Mount& mount, MountContext context = {}, plan::Host on = host()) {
  Planned out;
  context.host = &on;
  if (context.bundle.empty()) context.bundle = "/bundle";
  if (context.rootfs.empty()) context.rootfs = "/bundle/rootfs";
  auto done = plan::mount_ops(mount, 3, context, out.ops);
  if (!done) out.error = done.error().text();
  return out;
}

spec::Mount bind(const std::string& source, Words options) {
  return {.destination = "/data", .source = source, .options = std::move(options)};
}
spec::Mount fresh(const std::string& type, Words options, const std::string& at = "/mnt") {
  return {.destination = at, .type = type, .source = type, .options = std::move(options)};
}
plan::NewMount new_of(const Planned& planned) {
  REQUIRE(planned.error == "");
  REQUIRE(planned.ops.size() == 1);
  return std::get<plan::NewMount>(planned.ops[0].what);
}
plan::BindMount bind_of(const Planned& planned) {
  REQUIRE(planned.error == "");
  REQUIRE(planned.ops.size() == 1);
  return std::get<plan::BindMount>(planned.ops[0].what);
}

// The table of config.md, word by word.
const std::set<std::string> kSpecWords = {"async",         "atime",        "bind",
                                          "defaults",      "dev",          "diratime",
                                          "dirsync",       "exec",         "idmap",
                                          "iversion",      "lazytime",     "loud",
                                          "mand",          "noatime",      "nodev",
                                          "nodiratime",    "noexec",       "noiversion",
                                          "nolazytime",    "nomand",       "norelatime",
                                          "nostrictatime", "nosuid",       "nosymfollow",
                                          "private",       "ratime",       "rbind",
                                          "rdev",          "rdiratime",    "relatime",
                                          "remount",       "rexec",        "ridmap",
                                          "rnoatime",      "rnodev",       "rnodiratime",
                                          "rnoexec",       "rnorelatime",  "rnostrictatime",
                                          "rnosuid",       "rnosymfollow", "ro",
                                          "rprivate",      "rrelatime",    "rro",
                                          "rrw",           "rshared",      "rslave",
                                          "rstrictatime",  "rsuid",        "rsymfollow",
                                          "runbindable",   "rw",           "shared",
                                          "silent",        "slave",        "strictatime",
                                          "suid",          "symfollow",    "sync",
                                          "tmpcopyup",     "unbindable"};

TEST_CASE("the table has exactly the words of the specification, sorted") {
  auto words = plan::mount_option_words();
  CHECK(std::ranges::is_sorted(words));
  CHECK(std::set<std::string>(words.begin(), words.end()) == kSpecWords);
}

TEST_CASE("no word of the table is handed to the file system as data") {
  for (const auto& word : plan::mount_option_words()) {
    CAPTURE(word);
    CHECK(plan::mount_options({word}).data.empty());
  }
}

TEST_CASE("each attribute word sets or clears its attribute, with r on the whole tree") {
  struct Row {
    const char* word;
    MountChange change;
  };
  const std::uint64_t atime = MOUNT_ATTR__ATIME;
  const Row rows[] = {
      {"ro", {.set = MOUNT_ATTR_RDONLY}},
      {"rw", {.clear = MOUNT_ATTR_RDONLY}},
      {"nosuid", {.set = MOUNT_ATTR_NOSUID}},
      {"suid", {.clear = MOUNT_ATTR_NOSUID}},
      {"nodev", {.set = MOUNT_ATTR_NODEV}},
      {"dev", {.clear = MOUNT_ATTR_NODEV}},
      {"noexec", {.set = MOUNT_ATTR_NOEXEC}},
      {"exec", {.clear = MOUNT_ATTR_NOEXEC}},
      {"nodiratime", {.set = MOUNT_ATTR_NODIRATIME}},
      {"diratime", {.clear = MOUNT_ATTR_NODIRATIME}},
      {"nosymfollow", {.set = MOUNT_ATTR_NOSYMFOLLOW}},
      {"symfollow", {.clear = MOUNT_ATTR_NOSYMFOLLOW}},
      {"noatime", {.set = MOUNT_ATTR_NOATIME, .clear = atime}},
      {"relatime", {.clear = atime}},
      {"strictatime", {.set = MOUNT_ATTR_STRICTATIME, .clear = atime}},
      {"atime", {.clear = atime, .only_if_atime = MOUNT_ATTR_NOATIME}},
      {"nostrictatime", {.clear = atime, .only_if_atime = MOUNT_ATTR_STRICTATIME}},
      {"rro", {.set = MOUNT_ATTR_RDONLY, .recursive = true}},
      {"rrw", {.clear = MOUNT_ATTR_RDONLY, .recursive = true}},
      {"rnosuid", {.set = MOUNT_ATTR_NOSUID, .recursive = true}},
      {"rsuid", {.clear = MOUNT_ATTR_NOSUID, .recursive = true}},
      {"rnodev", {.set = MOUNT_ATTR_NODEV, .recursive = true}},
      {"rdev", {.clear = MOUNT_ATTR_NODEV, .recursive = true}},
      {"rnoexec", {.set = MOUNT_ATTR_NOEXEC, .recursive = true}},
      {"rexec", {.clear = MOUNT_ATTR_NOEXEC, .recursive = true}},
      {"rnodiratime", {.set = MOUNT_ATTR_NODIRATIME, .recursive = true}},
      {"rdiratime", {.clear = MOUNT_ATTR_NODIRATIME, .recursive = true}},
      {"rnosymfollow", {.set = MOUNT_ATTR_NOSYMFOLLOW, .recursive = true}},
      {"rsymfollow", {.clear = MOUNT_ATTR_NOSYMFOLLOW, .recursive = true}},
      {"rnoatime", {.set = MOUNT_ATTR_NOATIME, .clear = atime, .recursive = true}},
      {"ratime", {.clear = atime, .recursive = true}},
      {"rrelatime", {.clear = atime, .recursive = true}},
      {"rnostrictatime", {.clear = atime, .recursive = true}},
      {"rstrictatime", {.set = MOUNT_ATTR_STRICTATIME, .clear = atime, .recursive = true}},
      {"private", {.propagation = MS_PRIVATE}},
      {"rprivate", {.propagation = MS_PRIVATE, .recursive = true}},
      {"slave", {.propagation = MS_SLAVE}},
      {"rslave", {.propagation = MS_SLAVE, .recursive = true}},
      {"shared", {.propagation = MS_SHARED}},
      {"rshared", {.propagation = MS_SHARED, .recursive = true}},
      {"unbindable", {.propagation = MS_UNBINDABLE}},
      {"runbindable", {.propagation = MS_UNBINDABLE, .recursive = true}}};
  for (const auto& row : rows) {
    CAPTURE(row.word);
    auto changes = plan::mount_options({row.word}).changes;
    REQUIRE(changes.size() == 1);
    CHECK(changes[0] == row.change);
  }
}

TEST_CASE("words without a meaning to the kernel change nothing") {
  for (auto word : {"defaults", "silent", "loud", "iversion", "noiversion", "norelatime",
                    "rnorelatime", "nofail", "_netdev", "x-systemd.automount"})
    CHECK(plan::mount_options({word}) == plan::MountOptions{});
}

TEST_CASE("flags of the file system itself are given to a new one by name") {
  Words words = {"sync", "dirsync", "lazytime", "mand", "async", "nolazytime", "nomand"};
  CHECK(plan::mount_options(words).superblock == words);
  CHECK(new_of(plan_of(fresh("tmpfs", words))).superblock == words);
}

TEST_CASE("unknown words are data, split at the first equals sign") {
  auto data = plan::mount_options({"size=64k", "mode=755", "usrquota", "a=b=c"}).data;
  CHECK(data == std::vector<FsOption>{{"size", "64k", true},
                                      {"mode", "755", true},
                                      {"usrquota", "", false},
                                      {"a", "b=c", true}});
}

TEST_CASE("an entry with commas is a list, but not within quotes nor after a backslash") {
  auto options =
      plan::mount_options({"ro,nosuid,size=1", R"(context="a:c1,c2")", R"(lowerdir=/x\,y)"});
  CHECK(options.changes.size() == 2);
  CHECK(options.data == std::vector<FsOption>{{"size", "1", true},
                                              {"context", "a:c1,c2", true},
                                              {"lowerdir", R"(/x\,y)", true}});
}

TEST_CASE("neighbouring changes become one call, the later word wins") {
  auto changes =
      bind_of(plan_of(bind("/src", {"rbind", "nosuid", "nodev", "ro", "suid", "private"}))).changes;
  CHECK(changes == std::vector<MountChange>{{.set = MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY,
                                             .clear = MOUNT_ATTR_NOSUID,
                                             .propagation = MS_PRIVATE}});
}

TEST_CASE("a bind without words for them leaves the flags of the source alone") {
  CHECK(bind_of(plan_of(bind("/src", {"bind"}))).changes.empty());
}

TEST_CASE("a copy of a host mount is first made what the plan says, unless its words settle it") {
  MountContext context{.source_propagation = MS_SLAVE};
  CHECK(bind_of(plan_of(bind("/src", {"rbind"}), context)).changes ==
        std::vector<MountChange>{{.propagation = MS_SLAVE, .recursive = true}});
  CHECK(bind_of(plan_of(bind("/src", {"bind", "ro"}), context)).changes ==
        std::vector<MountChange>{{.set = MOUNT_ATTR_RDONLY, .propagation = MS_SLAVE}});
  CHECK(bind_of(plan_of(bind("/src", {"rbind", "rprivate"}), context)).changes ==
        std::vector<MountChange>{{.propagation = MS_PRIVATE, .recursive = true}});
  CHECK(bind_of(plan_of(bind("/src", {"rbind", "rshared"}), context)).changes.size() == 2);
}

TEST_CASE("sources are absolute or relative to the bundle, and below the root left to init") {
  CHECK(bind_of(plan_of(bind("vol", {"bind"}))).source == "/bundle/vol");
  CHECK(bind_of(plan_of(bind("/vol", {"bind"}))).source == "/vol");
  auto inside = bind_of(plan_of(bind("rootfs/etc", {"bind"})));
  CHECK(inside.source_at == plan::SourceAt::Rootfs);
  CHECK(inside.source == "etc");
  CHECK(bind_of(plan_of(bind("/bundle/rootfs2", {"bind"}))).source_at == plan::SourceAt::Runtime);
}

TEST_CASE("data on a bind mount is ignored, the type too") {
  auto mount = bind("/src", {"rbind", "size=64k"});
  mount.type = "tmpfs";
  CHECK(bind_of(plan_of(mount)).recursive);
}

TEST_CASE("destinations are clean, relative ones start at the root, none leaves it") {
  CHECK(plan_of(fresh("tmpfs", {}, "a//b/./c")).ops[0].target == "a/b/c");
  CHECK(plan_of(fresh("tmpfs", {}, "/../../etc")).ops[0].target == "etc");
  CHECK(plan_of(fresh("tmpfs", {}, "/")).ops[0].target == "");
  CHECK(plan_of(fresh("tmpfs", {})).ops[0].index == 3);
}

TEST_CASE("attributes of a new mount are the sum of its words") {
  auto mount = new_of(plan_of(fresh("sysfs", {"nosuid", "noexec", "nodev", "ro"}, "/sys")));
  CHECK(mount.attributes ==
        (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY));
  CHECK(mount.superblock.empty());
  CHECK(mount.ordinary_directory);
  auto atime = new_of(plan_of(fresh("tmpfs", {"noatime", "nostrictatime"})));
  CHECK(atime.attributes == MOUNT_ATTR_NOATIME);
  CHECK(new_of(plan_of(fresh("tmpfs", {"noatime", "atime"}))).attributes == 0);
}

TEST_CASE("a read-only tmpfs becomes so at last, a read-only disk at once and altogether") {
  auto tmpfs = new_of(plan_of(fresh("tmpfs", {"ro"})));
  CHECK(tmpfs.read_only_at_last);
  CHECK(tmpfs.attributes == 0);
  CHECK(tmpfs.superblock.empty());
  auto disk = new_of(plan_of(fresh("ext4", {"ro"})));
  CHECK(!disk.read_only_at_last);
  CHECK(disk.attributes == MOUNT_ATTR_RDONLY);
  CHECK(disk.superblock == Words{"ro"});
}

TEST_CASE("remount with bind changes the mount, without it the file system too") {
  auto planned = plan_of(fresh("tmpfs", {"remount", "bind", "ro", "size=1k"}));
  auto only = std::get<plan::Remount>(planned.ops.at(0).what);
  CHECK(only.superblock.empty());
  CHECK(only.data.empty());
  planned = plan_of(fresh("tmpfs", {"remount", "ro", "size=1k"}));
  auto whole = std::get<plan::Remount>(planned.ops.at(0).what);
  CHECK(whole.superblock == Words{"ro"});
  CHECK(whole.data.size() == 1);
  CHECK(whole.changes == std::vector<MountChange>{{.set = MOUNT_ATTR_RDONLY}});
}

TEST_CASE("refused: a bind without source, a mount without type, other things on and in /proc") {
  CHECK(plan_of(bind("", {"bind"})).error == "mounts[3]: a bind mount needs a source");
  CHECK(plan_of(fresh("", {})).error == "mounts[3]: a mount without \"bind\" needs a type");
  CHECK(plan_of(fresh("ext4", {}, "/proc")).error.starts_with("mounts[3]: only a procfs"));
  auto inner = bind("/evil", {"bind"});
  inner.destination = "/proc/self/attr";
  CHECK(plan_of(inner).error.starts_with("mounts[3]: destination \"/proc/self/attr\" is inside"));
  inner.destination = "/x/../proc//sys";
  CHECK(plan_of(inner).error != "");
  inner.destination = "/proc/meminfo";
  CHECK(plan_of(inner).error == "");
  inner.destination = "/proc";
  CHECK(bind_of(plan_of(inner)).of_procfs);
}

TEST_CASE("idmap takes the mount's mappings, else the container's, else it is an error") {
  auto mount = bind("/src", {"bind", "idmap"});
  CHECK(plan_of(mount).error.starts_with("mounts[3]: idmap without"));
  MountContext context{.uid_mappings = {{0, 1000, 10}}, .gid_mappings = {{0, 2000, 10}}};
  CHECK(bind_of(plan_of(mount, context)).maps == plan::IdMaps{"0 1000 10\n", "0 2000 10\n", ""});
  mount.uid_mappings = {{0, 5, 1}};
  CHECK(plan_of(mount).error == "mounts[3]: uidMappings and gidMappings go together");
  mount.gid_mappings = {{0, 6, 1}};
  mount.options = {"rbind", "ridmap"};
  auto planned = bind_of(plan_of(mount, context));
  CHECK(planned.maps == plan::IdMaps{"0 5 1\n", "0 6 1\n", ""});
  CHECK(planned.id_mapped == plan::IdMapped::Tree);
  CHECK(plan_of(fresh("tmpfs", {"idmap"})).error ==
        "mounts[3]: idmap on a mount that is no bind mount");
}

TEST_CASE("with SELinux the mount label becomes a parameter of new file systems") {
  using Way = plan::MountLabel::Way;
  MountContext context{.label = "system_u:object_r:x:s0:c1,c2"};
  auto label_of = [&](const std::string& type, const std::vector<std::string>& options = {}) {
    return new_of(plan_of(fresh(type, options, type == "proc" ? "/proc" : "/x"), context)).label;
  };
  for (auto type : {"tmpfs", "ramfs", "devpts", "overlay", "ext4"}) {
    CAPTURE(type);
    CHECK(label_of(type) == plan::MountLabel{Way::Parameter, context.label});
  }
  CHECK(label_of("mqueue") == plan::MountLabel{Way::Root, context.label});
  for (auto type : {"proc", "sysfs", "cgroup2", "securityfs", "debugfs", "tracefs", "bpf"}) {
    CAPTURE(type);
    CHECK(label_of(type) == plan::MountLabel{});
  }
  context.uid_mappings = {{0, 1000, 1}};
  CHECK(label_of("mqueue") == plan::MountLabel{});
  CHECK(label_of("tmpfs").way == Way::Parameter);
  context.label.clear();
  CHECK(label_of("tmpfs") == plan::MountLabel{});
}

TEST_CASE("a context among the options of a mount stands, commas and all") {
  MountContext context{.label = "system_u:object_r:x:s0"};
  auto planned = new_of(
      plan_of(fresh("tmpfs", {"context=\"system_u:object_r:y:s0:c1,c2\"", "mode=700"}), context));
  CHECK(planned.label == plan::MountLabel{});
  CHECK(planned.data == std::vector<FsOption>{{"context", "system_u:object_r:y:s0:c1,c2", true},
                                              {"mode", "700", true}});
  CHECK(new_of(plan_of(fresh("tmpfs", {"rootcontext=system_u:object_r:y:s0"}), context)).label ==
        plan::MountLabel{});
}

plan::Host with_cgroups(plan::CgroupMode mode) {
  auto out = host();
  out.cgroup.mode = mode;
  if (mode == plan::CgroupMode::Unified) {
    out.cgroup.hierarchies = {{.mount = "/sys/fs/cgroup", .v2 = true, .root = "/", .own = "/"}};
    return out;
  }
  out.cgroup.hierarchies = {
      {.mount = "/sys/fs/cgroup/cpu,cpuacct", .controllers = {"cpu", "cpuacct"}},
      {.mount = "/sys/fs/cgroup/systemd", .controllers = {"name=systemd"}},
      {.mount = "/sys/fs/cgroup/unified", .v2 = true}};
  return out;
}

TEST_CASE("a cgroup mount on a unified host is a cgroup2, or the group's directory") {
  auto mount = fresh("cgroup", {"ro", "nosuid"}, "/sys/fs/cgroup");
  auto on = with_cgroups(plan::CgroupMode::Unified);
  auto fs = new_of(plan_of(mount, {.cgroup_namespace = true}, on));
  CHECK(fs.type == "cgroup2");
  CHECK(fs.attributes == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  auto dir = bind_of(plan_of(mount, {.cgroup_dirs = {{"/sys/fs/cgroup", "/a/b"}}}, on));
  CHECK(dir.source == "/sys/fs/cgroup/a/b");
  CHECK(dir.source_at == plan::SourceAt::Init);
}

TEST_CASE("a cgroup mount on a v1 host is a tmpfs with each hierarchy, and links") {
  auto mount = fresh("cgroup", {"ro"}, "/sys/fs/cgroup");
  auto planned = plan_of(mount, {.cgroup_namespace = true}, with_cgroups(plan::CgroupMode::Hybrid));
  REQUIRE(planned.ops.size() == 6);
  CHECK(std::get<plan::NewMount>(planned.ops[0].what).read_only_at_last);
  CHECK(planned.ops[1].target == "sys/fs/cgroup/cpu,cpuacct");
  CHECK(std::get<plan::NewMount>(planned.ops[1].what).data ==
        std::vector<FsOption>{{"cpu"}, {"cpuacct"}});
  CHECK(planned.ops[2].target == "sys/fs/cgroup/cpu");
  CHECK(std::get<plan::MakeLink>(planned.ops[3].what).target == "cpu,cpuacct");
  CHECK(std::get<plan::NewMount>(planned.ops[4].what).data ==
        std::vector<FsOption>{{"none"}, {"name", "systemd", true}});
  CHECK(std::get<plan::NewMount>(planned.ops[5].what).type == "cgroup2");
  for (const auto& op : planned.ops) CHECK(op.index == 3);
  CHECK(plan_of(mount).error == "mounts[3]: type \"cgroup\": the host has no cgroups");
}

}  // namespace
