#include "plan/namespaces.h"

#include <doctest/doctest.h>
#include <linux/sched.h>

namespace {

using spec::NamespaceType;

const plan::Host kPrivileged{};
const plan::Host kUser{.uid = 1000, .gid = 1000};
const plan::Host kRootOfUserNamespace{.in_user_namespace = true};

plan::Namespaces planned(const spec::Linux& config, const plan::Host& host = kPrivileged) {
  auto out = plan::namespaces(config, host);
  REQUIRE(out);
  return std::move(out).value();
}

std::vector<std::uint64_t> order(const plan::Namespaces& plan) {
  std::vector<std::uint64_t> out;
  for (const auto& join : plan.join) out.push_back(join.flag);
  return out;
}

spec::Linux joining() {
  spec::Linux out;
  out.namespaces = {{NamespaceType::Mount, "/m"},
                    {NamespaceType::User, "/u"},
                    {NamespaceType::Network, "/n"},
                    {NamespaceType::Pid, "/p"}};
  return out;
}

TEST_CASE("new namespaces are made by the clone, a cgroup by init and a time by the stage") {
  spec::Linux config;
  for (auto type : {NamespaceType::Mount, NamespaceType::Pid, NamespaceType::Network,
                    NamespaceType::Uts, NamespaceType::Ipc, NamespaceType::User})
    config.namespaces.push_back({type, ""});
  auto plan = planned(config);
  CHECK(plan.create ==
        (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER));
  CHECK(!plan.create_cgroup);
  CHECK(!plan.stage());
  config.namespaces = {{NamespaceType::Cgroup, ""}};
  plan = planned(config);
  CHECK(plan.create == 0);
  CHECK(plan.create_cgroup);
  CHECK(!plan.stage());
  config.namespaces = {{NamespaceType::Time, ""}};
  plan = planned(config);
  CHECK(plan.create == 0);
  CHECK(plan.create_time);
  CHECK(plan.stage());
}

TEST_CASE("without rights new namespaces need a user namespace beside them") {
  spec::Linux config;
  config.namespaces = {{NamespaceType::Mount, ""}};
  auto refused = plan::namespaces(config, kUser);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("user namespace") != std::string::npos);
  CHECK_FALSE(plan::namespaces(config, kRootOfUserNamespace));
  CHECK(plan::namespaces(config, {.uid = 1000, .held_capabilities = ~std::uint64_t{0}}));
  config.namespaces.push_back({NamespaceType::User, ""});
  CHECK(plan::namespaces(config, kUser));
  config.namespaces.back().path = "/u";
  CHECK(plan::namespaces(config, kUser));
  config.namespaces.clear();
  CHECK(plan::namespaces(config, kUser));
}

TEST_CASE("a privileged runtime joins the mount namespace late and the user namespace last") {
  CHECK(order(planned(joining())) ==
        std::vector<std::uint64_t>{CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWUSER});
}

TEST_CASE("without privilege the user namespace is joined first, for the rights it gives") {
  for (const auto& host : {kUser, kRootOfUserNamespace})
    CHECK(order(planned(joining(), host)) ==
          std::vector<std::uint64_t>{CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWNS});
}

TEST_CASE("a joined namespace is known by its member and is not made") {
  auto plan = planned(joining());
  CHECK(plan.create == 0);
  CHECK(plan.stage());
  CHECK(plan.joins(CLONE_NEWNET));
  CHECK(plan.has(CLONE_NEWNET));
  CHECK(!plan.creates(CLONE_NEWNET));
  CHECK(!plan.has(CLONE_NEWUTS));
  CHECK(plan.join[0] == plan::Join{CLONE_NEWNET, "/n", "linux.namespaces[2]"});
}

TEST_CASE("time offsets are a line for each clock, and need a new time namespace") {
  spec::Linux config;
  config.namespaces = {{NamespaceType::Time, ""}};
  config.monotonic = spec::TimeOffset{-5, 7};
  config.boottime = spec::TimeOffset{86400, 0};
  CHECK(planned(config).time_offsets == "monotonic -5 7\nboottime 86400 0\n");
  for (const auto& namespaces : {std::vector<spec::Namespace>{},
                                 std::vector<spec::Namespace>{{NamespaceType::Time, "/t"}}}) {
    config.namespaces = namespaces;
    auto refused = plan::namespaces(config, kPrivileged);
    REQUIRE(!refused);
    CHECK(refused.error().text().starts_with("linux.timeOffsets: "));
  }
}

}  // namespace
