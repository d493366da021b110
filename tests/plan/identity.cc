#include "plan/identity.h"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <linux/sched.h>

namespace {

constexpr std::uint64_t kMayMap = 1ULL << CAP_SETUID | 1ULL << CAP_SETGID;

plan::Namespaces user_namespace() { return {.create = CLONE_NEWUSER}; }

spec::Linux mapping(std::vector<spec::IdMapping> uids, std::vector<spec::IdMapping> gids) {
  spec::Linux out;
  out.uid_mappings = std::move(uids);
  out.gid_mappings = std::move(gids);
  return out;
}

plan::IdentityMaps planned(const spec::Linux& config, std::uint64_t held) {
  plan::Host host{.uid = 1000, .gid = 100, .held_capabilities = held};
  auto out = plan::identity_maps(config, user_namespace(), host);
  REQUIRE(out);
  return std::move(out).value();
}

spec::Linux ranges() { return mapping({{0, 100000, 65536}, {65536, 7, 1}}, {{0, 200000, 65536}}); }

spec::Linux own_ids() { return mapping({{0, 1000, 1}}, {{0, 100, 1}}); }

TEST_CASE("without a new user namespace nothing is mapped") {
  plan::Host host;
  for (const auto& namespaces :
       {plan::Namespaces{}, plan::Namespaces{.join = {{CLONE_NEWUSER, "/u", ""}}}}) {
    auto out = plan::identity_maps(ranges(), namespaces, host);
    REQUIRE(out);
    CHECK(out.value() == plan::IdentityMaps{});
  }
}

TEST_CASE("who may change ids writes the maps, a line for each range") {
  auto plan = planned(ranges(), kMayMap);
  CHECK(plan.needed);
  CHECK(plan.uid_map == "0 100000 65536\n65536 7 1\n");
  CHECK(plan.gid_map == "0 200000 65536\n");
  CHECK(!plan.deny_setgroups);
  CHECK(!plan.helpers);
  CHECK(!planned(own_ids(), kMayMap).deny_setgroups);
}

TEST_CASE("without rights one's own ids alone are mapped, and setgroups is denied") {
  auto plan = planned(own_ids(), 0);
  CHECK(plan.uid_map == "0 1000 1\n");
  CHECK(plan.gid_map == "0 100 1\n");
  CHECK(plan.deny_setgroups);
  CHECK(!plan.helpers);
}

TEST_CASE("without rights any other map is written by the helpers") {
  for (auto config :
       {ranges(), mapping({{0, 1001, 1}}, {{0, 100, 1}}), mapping({{0, 1000, 1}}, {{0, 100, 2}}),
        mapping({{0, 1000, 1}, {1, 100000, 9}}, {{0, 100, 1}})}) {
    auto plan = planned(config, 1ULL << CAP_SETUID);
    CHECK(plan.helpers);
    CHECK(!plan.deny_setgroups);
  }
  auto plan = planned(ranges(), 0);
  CHECK(plan.uid_arguments == std::vector<std::string>{"0", "100000", "65536", "65536", "7", "1"});
  CHECK(plan.gid_arguments == std::vector<std::string>{"0", "200000", "65536"});
}

TEST_CASE("a new user namespace without both maps is refused") {
  for (auto config : {mapping({}, {}), mapping({{0, 1000, 1}}, {}), mapping({}, {{0, 100, 1}})}) {
    auto refused = plan::identity_maps(config, user_namespace(), plan::Host{});
    REQUIRE(!refused);
    CHECK(refused.error().kind() == base::Kind::Config);
  }
}

}  // namespace
