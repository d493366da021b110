#include "engine/without_root.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "spec/example.h"

namespace {

struct Fitted {
  engine::MakeCommand command{};
  engine::Record record{};
  engine::UserLimits limits{};
  spec::Config config = spec::example_config();

  std::string refusal() {
    auto done = engine::fit_to_user(limits, command, record, config);
    return done ? std::string() : done.error().text();
  }
  const spec::Mount* mount(std::string_view destination) const {
    auto found = std::ranges::find(config.mounts, destination, &spec::Mount::destination);
    return found == config.mounts.end() ? nullptr : &*found;
  }
  void without(spec::NamespaceType type) {
    std::erase_if(config.linux_.namespaces, [&](const auto& one) { return one.type == type; });
  }
};

bool has(const std::string& text, std::string_view word) { return text.find(word) != text.npos; }

}  // namespace

TEST_CASE("a container of its own network stays as it is, but for its cgroup") {
  Fitted one;
  auto before = one.config;
  one.config.linux_.cgroups_path = "/coracle-x";
  CHECK(one.refusal().empty());
  CHECK(one.config == before);
}

TEST_CASE("a scope of the user's systemd stays what it is") {
  Fitted one;
  one.record.systemd_cgroup = true;
  one.command.namespaces.cgroup_parent = "my.slice";
  one.config.linux_.cgroups_path = "my.slice:coracle:x";
  CHECK(one.refusal().empty());
  CHECK(one.config.linux_.cgroups_path == "my.slice:coracle:x");
}

TEST_CASE("what shows a namespace of the host is bound") {
  Fitted one;
  one.without(spec::NamespaceType::Network);
  one.without(spec::NamespaceType::Pid);
  CHECK(one.refusal().empty());
  REQUIRE(one.mount("/sys"));
  CHECK(one.mount("/sys")->source == "/sys");
  CHECK(one.mount("/sys")->options ==
        std::vector<std::string>{"rbind", "nosuid", "noexec", "nodev", "ro"});
  CHECK(one.mount("/proc")->source == "/proc");
  CHECK(one.mount("/dev/mqueue")->type == "mqueue");
  CHECK(!one.mount("/sys/fs/cgroup"));
}

TEST_CASE("with one id there is no group of terminals, and no user but root") {
  Fitted one{.limits = {.single_id = true}};
  one.config.process->user.additional_gids = {5};
  CHECK(one.refusal().empty());
  CHECK(one.config.process->user.additional_gids.empty());
  for (const auto& option : one.mount("/dev/pts")->options) CHECK(!option.starts_with("gid="));
  Fitted other{.limits = {.single_id = true}};
  other.config.process->user.uid = 1000;
  CHECK(has(other.refusal(), "--user 0"));
}

TEST_CASE("ports that are root's are refused, others are not") {
  for (auto [port, fine] :
       {std::pair(80, false), std::pair(1023, false), std::pair(1024, true), std::pair(0, true)}) {
    Fitted one;
    one.record.network.ports.push_back({.host = static_cast<std::uint16_t>(port), .container = 80});
    CHECK(one.refusal().empty() == fine);
  }
  Fitted lower{.limits = {.first_port = 80}};
  lower.record.network.ports.push_back({.host = 80, .container = 80});
  CHECK(lower.refusal().empty());
}

TEST_CASE("what takes root is refused by its option") {
  Fitted group;
  group.command.namespaces.cgroup_parent = "/x";
  CHECK(has(group.refusal(), "--cgroup-parent"));
  Fitted bridge;
  bridge.record.network.networks.push_back({.network = "blue"});
  CHECK(has(bridge.refusal(), "--net blue"));
}

TEST_CASE("a device with another name in the container is bound there") {
  Fitted one;
  one.command.files.devices = {"/dev/null:/dev/void:rw", "/dev/zero", "/dev/full:r"};
  one.config.linux_.devices = {{.type = "c", .path = "/dev/void", .major = 1, .minor = 3},
                               {.type = "c", .path = "/dev/zero", .major = 1, .minor = 5}};
  CHECK(one.refusal().empty());
  CHECK(one.config.linux_.devices.size() == 1);
  REQUIRE(one.mount("/dev/void"));
  CHECK(one.mount("/dev/void")->source == "/dev/null");
  CHECK(!one.mount("/dev/zero"));
}
