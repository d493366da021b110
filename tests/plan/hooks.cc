#include "plan/hooks.h"

#include <doctest/doctest.h>

#include <limits>

namespace {

using Words = std::vector<std::string>;

TEST_CASE("each hook knows its member, its moment and its arguments") {
  spec::Hooks config;
  config.prestart = {{"/a", {}, {}, {}}, {"/b", {"b", "-x"}, {"A=1"}, 2}};
  config.create_runtime = {{"/c", {}, {}, {}}};
  config.create_container = {{"/d", {}, {}, {}}};
  config.start_container = {{"/e", {}, {}, {}}};
  config.poststart = {{"/f", {}, {}, {}}};
  config.poststop = {{"/g", {}, {}, {}}};
  auto plan = plan::hooks(config, "/bundle");
  REQUIRE(plan.prestart.size() == 2);
  CHECK(plan.prestart[0].what == "hooks.prestart[0]");
  CHECK(plan.prestart[0].args == Words{"/a"});
  CHECK(!plan.prestart[0].timeout);
  CHECK(plan.prestart[1].what == "hooks.prestart[1]");
  CHECK(plan.prestart[1].args == Words{"b", "-x"});
  CHECK(plan.prestart[1].env == Words{"A=1"});
  CHECK(plan.prestart[1].timeout == 2000);
  CHECK(plan.create_runtime.at(0).what == "hooks.createRuntime[0]");
  CHECK(plan.create_container.at(0).what == "hooks.createContainer[0]");
  CHECK(plan.start_container.at(0).what == "hooks.startContainer[0]");
  CHECK(plan.poststart.at(0).what == "hooks.poststart[0]");
  CHECK(plan.poststop.at(0).what == "hooks.poststop[0]");
}

TEST_CASE("init waits before pivot_root only for hooks of the runtime") {
  spec::Hooks config;
  CHECK(!plan::hooks(config, "/b").before_pivot());
  config.create_container = config.start_container = config.poststart =
      config.poststop = {{"/a", {}, {}, {}}};
  CHECK(!plan::hooks(config, "/b").before_pivot());
  config.create_runtime = config.poststop;
  CHECK(plan::hooks(config, "/b").before_pivot());
  config.create_runtime.clear();
  config.prestart = config.poststop;
  CHECK(plan::hooks(config, "/b").before_pivot());
}

TEST_CASE("a timeout of many years stays a long one") {
  spec::Hooks config;
  config.prestart = {{"/a", {}, {}, std::numeric_limits<std::int32_t>::max()}};
  auto timeout = plan::hooks(config, "/b").prestart.at(0).timeout;
  REQUIRE(timeout);
  CHECK(*timeout > 2'000'000'000);
}

}  // namespace
