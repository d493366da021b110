#include "spec/example.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace {
bool has(const spec::Config& config, spec::NamespaceType type) {
  return std::any_of(config.linux_.namespaces.begin(), config.linux_.namespaces.end(),
                     [&](const auto& n) { return n.type == type && n.path.empty(); });
}
const spec::Mount* mount_at(const spec::Config& config, const std::string& destination) {
  for (const auto& m : config.mounts)
    if (m.destination == destination) return &m;
  return nullptr;
}
}  // namespace

TEST_CASE("the example runs a shell in a read-only root with few capabilities") {
  auto config = spec::example_config();
  CHECK(config.oci_version == "1.3.0");
  CHECK(config.root == spec::Root{"rootfs", true});
  CHECK(config.process->args == std::vector<std::string>{"sh"});
  CHECK(config.process->no_new_privileges);
  CHECK(config.process->capabilities->bounding.size() == 3);
  CHECK(config.process->capabilities->ambient.empty());
  CHECK(has(config, spec::NamespaceType::Network));
  CHECK_FALSE(has(config, spec::NamespaceType::User));
  CHECK(config.linux_.resources->devices.size() == 1);
  CHECK(mount_at(config, "/sys")->type == "sysfs");
}

TEST_CASE("the example for others maps one user, and asks for nothing that root alone has") {
  auto config = spec::rootless(spec::example_config(), 1000, 100);
  CHECK(has(config, spec::NamespaceType::User));
  CHECK_FALSE(has(config, spec::NamespaceType::Network));
  CHECK(config.linux_.uid_mappings == std::vector<spec::IdMapping>{{0, 1000, 1}});
  CHECK(config.linux_.gid_mappings == std::vector<spec::IdMapping>{{0, 100, 1}});
  CHECK_FALSE(config.linux_.resources);
  CHECK(mount_at(config, "/sys/fs/cgroup") == nullptr);
  REQUIRE(mount_at(config, "/sys"));
  CHECK(mount_at(config, "/sys")->source == "/sys");
  for (const auto& option : mount_at(config, "/dev/pts")->options)
    CHECK_FALSE(option.starts_with("gid="));
}

TEST_CASE("made twice for others, the example has one user namespace") {
  auto once = spec::rootless(spec::example_config(), 1, 1);
  CHECK(spec::rootless(once, 1, 1) == once);
}
