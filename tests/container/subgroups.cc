#include "container/subgroups.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace {

apply::CgroupPath group(const std::string& mount, std::vector<std::string> controllers) {
  apply::CgroupPath out;
  out.mount = mount;
  out.v2 = controllers.empty();
  out.controllers = std::move(controllers);
  out.path = "/box";
  return out;
}

std::vector<std::string> paths(const std::vector<std::string>& wanted) {
  apply::CgroupPaths container;
  container.groups = {group("/cpu", {"cpu", "cpuacct"}), group("/pids", {"pids"}),
                      group("/v2", {})};
  auto got = container::subgroups(container, wanted);
  if (!got) return {got.error().text()};
  std::vector<std::string> out;
  for (const auto& row : got.value().groups) out.push_back(row.path);
  return out;
}

using Paths = std::vector<std::string>;

TEST_CASE("a path without a controller counts for every hierarchy") {
  CHECK(paths({"a//./b/"}) == Paths{"/box/a/b", "/box/a/b", "/box/a/b"});
  CHECK(paths({"/"}) == Paths{"/box", "/box", "/box"});
}

TEST_CASE("a path with controllers counts for theirs") {
  CHECK(paths({"cpu,pids:a"}) == Paths{"/box/a", "/box/a", "/box"});
  CHECK(paths({"cpuacct:a", "pids:b"}) == Paths{"/box/a", "/box/b", "/box"});
}

TEST_CASE("what leads out, is said twice or names nothing is refused") {
  for (const auto& wanted : {Paths({".."}), Paths({"pids:a/../b"}), Paths{"a", "b"},
                             Paths{"cpu:a", "cpuacct:b"}, Paths{"nonsense:a"}, Paths{":a"}}) {
    auto got = paths(wanted);
    REQUIRE_MESSAGE(got.size() == 1, base::join(wanted, " "));
    CHECK(got.front().starts_with("--cgroup"));
  }
}

}  // namespace
