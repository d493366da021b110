#include "plan/rootfs.h"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

namespace {

using spec::NamespaceType;

spec::Config config() {
  spec::Config out;
  out.root = spec::Root{.path = "rootfs"};
  out.linux_.namespaces = {{NamespaceType::Mount, ""}};
  return out;
}

plan::RootfsPlan planned(const spec::Config& config, plan::Request request = {.bundle = "/b"},
                         bool may_mknod = true) {
  plan::Host host;
  if (may_mknod) host.held_capabilities = ~std::uint64_t{0};
  auto out = plan::rootfs(config, host, request, {});
  REQUIRE(out);
  return std::move(out).value();
}

std::string error_of(const spec::Config& config) {
  auto out = plan::rootfs(config, plan::Host{}, {.bundle = "/b"}, {});
  return out ? "" : out.error().text();
}

const plan::DeviceNode* device(const plan::RootfsPlan& plan, const std::string& path) {
  auto at = std::ranges::find(plan.devices, path, &plan::DeviceNode::path);
  return at == plan.devices.end() ? nullptr : &*at;
}

TEST_CASE("the root's path is absolute, or relative to the bundle") {
  auto wanted = config();
  CHECK(planned(wanted).path == "/b/rootfs");
  wanted.root->path = "/r";
  CHECK(planned(wanted).path == "/r");
  wanted.root.reset();
  CHECK(error_of(wanted) == "root.path: is missing");
}

TEST_CASE("the root is entered by pivot_root, by moving, or by chroot without a mount namespace") {
  CHECK(planned(config()).entry == plan::Entry::Pivot);
  CHECK(planned(config(), {.bundle = "/b", .no_pivot = true}).entry == plan::Entry::Move);
  auto without = config();
  without.linux_.namespaces.clear();
  auto plan = planned(without);
  CHECK(plan.entry == plan::Entry::Chroot);
  CHECK(!plan.new_mount_namespace);
  CHECK(plan.host_propagation == 0);
  without.linux_.namespaces = {{NamespaceType::Mount, "/proc/1/ns/mnt"}};
  CHECK(planned(without).entry == plan::Entry::Chroot);
}

TEST_CASE("propagation of host, tree and root for each word") {
  struct Row {
    spec::Propagation word;
    std::uint64_t host, tree, root;
  };
  for (auto row : {Row{spec::Propagation::Shared, 0, MS_PRIVATE, MS_SHARED},
                   Row{spec::Propagation::Slave, MS_SLAVE, MS_SLAVE, MS_SLAVE},
                   Row{spec::Propagation::Private, MS_PRIVATE, MS_PRIVATE, MS_PRIVATE},
                   Row{spec::Propagation::Unbindable, MS_PRIVATE, MS_PRIVATE, MS_UNBINDABLE}}) {
    auto wanted = config();
    wanted.linux_.rootfs_propagation = row.word;
    auto plan = planned(wanted);
    CHECK(plan.host_propagation == row.host);
    CHECK(plan.tree_propagation == row.tree);
    CHECK(plan.root_propagation == row.root);
  }
  CHECK(planned(config()).host_propagation == MS_SLAVE);
  CHECK(planned(config()).root_propagation == 0);
}

TEST_CASE("the default devices are supplied, made where that is permitted, bound elsewhere") {
  auto plan = planned(config());
  REQUIRE(plan.devices.size() == 6);
  for (auto path : {"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom", "dev/tty"}) {
    auto* node = device(plan, path);
    REQUIRE(node);
    CHECK(node->mode == (S_IFCHR | 0666));
    CHECK(!node->bind);
    CHECK(node->standard);
  }
  CHECK(device(plan, "dev/tty")->dev_major == 5);
  CHECK(planned(config(), {.bundle = "/b"}, false).devices[0].bind);
  auto user = config();
  user.linux_.namespaces.push_back({NamespaceType::User, ""});
  CHECK(planned(user).devices[0].bind);
}

TEST_CASE("configured devices come first and stand in for defaults of the same path") {
  auto wanted = config();
  wanted.linux_.devices = {
      {.type = "c", .path = "/dev/null", .major = 1, .minor = 3, .file_mode = 0100600, .uid = 7},
      {.type = "p", .path = "/run/fifo", .major = 99, .minor = 99}};
  auto plan = planned(wanted);
  REQUIRE(plan.devices.size() == 7);
  CHECK(plan.devices[0].mode == (S_IFCHR | 0600));
  CHECK(plan.devices[0].uid == 7);
  CHECK(plan.devices[0].what == "linux.devices[0]");
  CHECK(plan.devices[1].mode == (S_IFIFO | 0666));
  CHECK(plan.devices[1].path == "run/fifo");
  CHECK(plan.devices[1].dev_major == 0);
}

TEST_CASE("wrong devices are refused by name") {
  auto wanted = config();
  wanted.linux_.devices = {{.type = "x", .path = "/dev/a"}};
  CHECK(error_of(wanted) == "linux.devices[0].type: must be c, b, u or p, got \"x\"");
  wanted.linux_.devices = {{.type = "c", .path = "dev/a"}};
  CHECK(error_of(wanted) == "linux.devices[0].path: must be an absolute path, got \"dev/a\"");
  wanted.linux_.devices = {{.type = "c", .path = "/dev/a", .major = -1}};
  CHECK(error_of(wanted) == "linux.devices[0]: device number out of range: -1");
}

TEST_CASE("a bind mount at /dev brings its own nodes and links, one at a node stands in for it") {
  auto wanted = config();
  wanted.mounts = {{.destination = "/dev/zero", .source = "/z", .options = {"bind"}}};
  CHECK(planned(wanted).devices.size() == 5);
  wanted.mounts = {{.destination = "/dev", .source = "/dev", .options = {"rbind"}}};
  auto plan = planned(wanted);
  CHECK(plan.devices.empty());
  CHECK(plan.links.empty());
}

TEST_CASE("the links of /dev") {
  auto links = planned(config()).links;
  REQUIRE(links.size() == 6);
  CHECK(links[0] == plan::DevLink{"dev/fd", "/proc/self/fd"});
  CHECK(links[5] == plan::DevLink{"dev/ptmx", "pts/ptmx", true});
}

TEST_CASE("masked and read-only paths are clean, each once, in order") {
  auto wanted = config();
  wanted.linux_.masked_paths = {"/proc/kcore", "/proc//kcore", "/proc/../proc/keys"};
  wanted.linux_.readonly_paths = {"/proc/sys"};
  auto plan = planned(wanted);
  CHECK(plan.masked_paths == std::vector<std::string>{"proc/kcore", "proc/keys"});
  CHECK(plan.readonly_paths == std::vector<std::string>{"proc/sys"});
}

TEST_CASE("mounts keep the order of the configuration and their index") {
  auto wanted = config();
  wanted.mounts = {{.destination = "/a", .type = "tmpfs"},
                   {.destination = "/a/b", .type = "tmpfs"}};
  auto plan = planned(wanted);
  REQUIRE(plan.mounts.size() == 2);
  CHECK(plan.mounts[0].target == "a");
  CHECK(plan.mounts[1].target == "a/b");
  CHECK(plan.mounts[1].index == 1);
}

TEST_CASE("the mount label is left out where the host has no SELinux") {
  auto wanted = config();
  wanted.linux_.mount_label = "label";
  wanted.mounts = {{.destination = "/a", .type = "tmpfs"}};
  auto without = planned(wanted);
  CHECK(std::get<plan::NewMount>(without.mounts[0].what).label == plan::MountLabel{});
  CHECK(without.mask_label.empty());
  plan::Host selinux;
  selinux.selinux = true;
  auto with = plan::rootfs(wanted, selinux, {.bundle = "/b"}, {});
  REQUIRE(with);
  CHECK(std::get<plan::NewMount>(with.value().mounts[0].what).label.text == "label");
  CHECK(with.value().mask_label == "label");
}

}  // namespace
