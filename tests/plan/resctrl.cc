#include "plan/resctrl.h"

#include <doctest/doctest.h>

namespace {

plan::ResctrlPlan planned(const spec::IntelRdt& rdt) {
  spec::Linux config;
  config.intel_rdt = rdt;
  auto out = plan::resctrl(config, {.resctrl = "/sys/fs/resctrl"}, {.id = "c1"});
  REQUIRE(out);
  REQUIRE(out.value());
  return *out.value();
}

using plan::resctrl_difference;

TEST_CASE("without intelRdt there is no group, and with it there has to be a file system") {
  CHECK(!plan::resctrl({}, {.resctrl = "/r"}, {}).value());
  spec::Linux config;
  config.intel_rdt = spec::IntelRdt{};
  auto out = plan::resctrl(config, {}, {.id = "c1"});
  REQUIRE(!out);
  CHECK(out.error().kind() == base::Kind::Unsupported);
  CHECK(out.error().text() == "linux.intelRdt: no resctrl file system is mounted");
}

TEST_CASE("without a closID the group has the container's name, and goes with it") {
  auto plan = planned({});
  CHECK(plan.mount == "/sys/fs/resctrl");
  CHECK(plan.group == "c1");
  CHECK(!plan.lasting);
  CHECK(!plan.must_exist);
  CHECK(plan.monitor.empty());
}

TEST_CASE("a closID names a group that stays; without a schema it has to be there") {
  auto plan = planned({.clos_id = "gold"});
  CHECK(plan.group == "gold");
  CHECK(plan.lasting);
  CHECK(plan.must_exist);
  CHECK(!planned({.clos_id = "gold", .schemata = {"L2:0=f"}}).must_exist);
  CHECK(!planned({.clos_id = "gold", .mem_bw_schema = "MB:0=20"}).must_exist);
}

TEST_CASE("the closID / is the root of the file system") {
  auto plan = planned({.clos_id = "/", .enable_monitoring = true});
  CHECK(plan.group.empty());
  CHECK(plan.lasting);
  CHECK(plan.monitor == "c1");
}

TEST_CASE("schemata go last, all in one text, and bandwidth after the cache") {
  CHECK(planned({}).schemata.empty());
  CHECK(planned({.schemata = {"L3:0=f", "L2:0=1"},
                 .l3_cache_schema = "L3:0=ff",
                 .mem_bw_schema = "MB:0=20"})
            .schemata == std::vector<std::string>{"L3:0=ff", "MB:0=20", "L3:0=f\nL2:0=1"});
}

TEST_CASE("a group has a schema whatever zeros and blanks the kernel writes") {
  auto present = "    L3:0=007ff;1=00001\n    MB:0= 20;1=100\n";
  CHECK(!resctrl_difference(present, "L3:0=7ff;1=1"));
  CHECK(!resctrl_difference(present, "L3:0=7FF;1=001"));
  CHECK(!resctrl_difference(present, "L3:1=1"));
  CHECK(!resctrl_difference(present, "L3:0=7ff\nMB:0=20"));
  CHECK(!resctrl_difference(present, " MB: 1=100 ; 0=20\n"));
}

TEST_CASE("the line that a group does not have is named") {
  auto present = "    L3:0=7ff;1=7ff\n";
  CHECK(resctrl_difference(present, "L3:0=7fe") == "L3:0=7fe");
  CHECK(resctrl_difference(present, "L3:0=7ff;2=7ff") == "L3:0=7ff;2=7ff");
  CHECK(resctrl_difference(present, "L3:0=7ff\nMB:0=20") == "MB:0=20");
  CHECK(resctrl_difference("", "L3:0=1") == "L3:0=1");
  CHECK(resctrl_difference(present, "nonsense") == "nonsense");
  CHECK(resctrl_difference(present, "L3:0") == "L3:0");
}

}  // namespace
