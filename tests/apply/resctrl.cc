// A group of resctrl, over a made-up tree: the test does what the kernel would.
#include "apply/resctrl.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "folder.h"

namespace {

using apply::ResctrlGroup;

struct Tree : Folder {
  Tree() {
    group("");
    write("info/last_cmd_status", "ok\n");
  }
  // What the kernel puts into a directory of its own.
  void group(const std::string& name, const std::string& schemata = "    L3:0=7ff;1=7ff\n") const {
    write(name + "/schemata", schemata);
    write(name + "/tasks", "");
    write(name + "/mon_groups/there/tasks", "");
  }
  // A directory is removed with all that the kernel has put into it.
  void empty(const std::string& name) const {
    for (auto file : {"/schemata", "/tasks", "/mon_groups/there/tasks"})
      (void)sys::unlinkat(base::FdRef::cwd(), *this / (name + file));
    for (auto dir : {"/mon_groups/there", "/mon_groups"})
      (void)sys::unlinkat(base::FdRef::cwd(), *this / (name + dir), AT_REMOVEDIR);
  }
  plan::ResctrlPlan plan(std::string group) const {
    plan::ResctrlPlan out;
    out.mount = path();
    out.group = std::move(group);
    return out;
  }
};

std::string text_of(const base::Result<apply::MadeResctrl>& made) {
  return made ? "" : made.error().text();
}

TEST_CASE("a group of the container's own is made, and removed with it") {
  Tree tree;
  auto plan = tree.plan("c1");
  auto foreseen = apply::foresee_resctrl(plan);
  CHECK(foreseen == ResctrlGroup{tree.path(), "c1", true, ""});
  {
    auto made = apply::make_resctrl(plan);
    REQUIRE(made);
    CHECK(made.value().group() == foreseen);
    CHECK(tree.has("c1"));
    made.value().keep();
  }
  CHECK(tree.has("c1"));
  tree.group("c1");
  CHECK(apply::join(foreseen, 4711));
  CHECK(tree.read("c1/tasks") == "4711");
  tree.empty("c1");
  CHECK(apply::remove_resctrl(foreseen));
  CHECK(!tree.has("c1"));
  CHECK(apply::remove_resctrl(foreseen));
}

TEST_CASE("a group that is not kept is removed again, with a closID too") {
  Tree tree;
  auto plan = tree.plan("gold");
  plan.lasting = true;
  { CHECK(apply::make_resctrl(plan)); }
  CHECK(!tree.has("gold"));
}

TEST_CASE("a group with a closID stays when the container goes") {
  Tree tree;
  auto plan = tree.plan("gold");
  plan.lasting = true;
  auto made = apply::make_resctrl(plan);
  REQUIRE(made);
  CHECK(!made.value().group().made);
  CHECK(!apply::foresee_resctrl(plan).made);
  made.value().keep();
  CHECK(apply::remove_resctrl(made.value().group()));
  CHECK(tree.has("gold"));
}

TEST_CASE("a closID without a schema has to be there") {
  Tree tree;
  auto plan = tree.plan("gold");
  plan.lasting = plan.must_exist = true;
  CHECK(text_of(apply::make_resctrl(plan)) ==
        "linux.intelRdt.closID: there is no group \"gold\" in " + tree.path() +
            ", and no schema is given to make one with");
  CHECK(!tree.has("gold"));
  tree.group("gold");
  CHECK(apply::make_resctrl(plan));
  CHECK(tree.has("gold"));
}

TEST_CASE("a group that is there is compared, and never written") {
  Tree tree;
  tree.group("gold");
  auto plan = tree.plan("gold");
  plan.lasting = true;
  plan.schemata = {"L3:0=07ff"};
  CHECK(apply::make_resctrl(plan));
  plan.schemata = {"L3:0=7ff", "L3:1=1"};
  auto text = text_of(apply::make_resctrl(plan));
  CHECK(text == "linux.intelRdt: the group \"" + tree.path() +
                    "/gold\" is there and does not have \"L3:1=1\"");
  CHECK(tree.read("gold/schemata") == "    L3:0=7ff;1=7ff\n");
}

TEST_CASE("the root of the file system is compared, joined and never removed") {
  Tree tree;
  auto plan = tree.plan("");
  plan.lasting = true;
  plan.schemata = {"L3:0=1"};
  CHECK(!apply::make_resctrl(plan));
  plan.schemata = {"L3:0=7ff"};
  auto made = apply::make_resctrl(plan);
  REQUIRE(made);
  CHECK(apply::join(made.value().group(), 1));
  CHECK(tree.read("tasks") == "1");
  CHECK(apply::remove_resctrl(made.value().group()));
  CHECK(tree.has("tasks"));
}

TEST_CASE("schemata are written one after the other, each with its newline") {
  Tree tree;
  tree.group("gold", "");
  ResctrlGroup group{tree.path(), "gold", false, ""};
  CHECK(apply::write_schemata(group, {}));
  CHECK(tree.read("gold/schemata").empty());
  CHECK(apply::write_schemata(group, {"L3:0=f", "MB:0=20", "L2:0=1\nL2:1=1"}));
  CHECK(tree.read("gold/schemata") == "L3:0=f\nMB:0=20\nL2:0=1\nL2:1=1\n");
}

TEST_CASE("a monitoring group has the container's name, and goes with it") {
  Tree tree;
  tree.group("gold");
  auto plan = tree.plan("gold");
  plan.lasting = true;
  plan.monitor = "c1";
  auto made = apply::make_resctrl(plan);
  REQUIRE(made);
  auto group = made.value().group();
  CHECK(group == ResctrlGroup{tree.path(), "gold", false, "c1"});
  made.value().keep();
  tree.write("gold/mon_groups/c1/tasks", "");
  CHECK(apply::join(group, 5));
  CHECK(tree.read("gold/tasks") == "5");
  CHECK(tree.read("gold/mon_groups/c1/tasks") == "5");
  (void)sys::unlinkat(base::FdRef::cwd(), tree / "gold/mon_groups/c1/tasks");
  CHECK(apply::remove_resctrl(group));
  CHECK(!tree.has("gold/mon_groups/c1"));
  CHECK(tree.has("gold/tasks"));
}

TEST_CASE("a monitoring group that is there is another's, and an error") {
  Tree tree;
  auto plan = tree.plan("");
  plan.monitor = "there";
  auto made = apply::make_resctrl(plan);
  REQUIRE(!made);
  CHECK(made.error().code() == EEXIST);
  CHECK(tree.has("mon_groups/there"));
}

TEST_CASE("the kernel's reason for a refusal is part of the error") {
  Tree tree;
  tree.write("info/last_cmd_status", "Invalid domain\n");
  ResctrlGroup group{tree.path(), "gold", false, ""};
  (void)fs::make_dirs(tree / "gold/tasks", 0755);  // where no process can be written to
  auto joined = apply::join(group, 1);
  REQUIRE(!joined);
  CHECK(joined.error().text().starts_with("linux.intelRdt: " + tree.path() +
                                          "/gold (Invalid domain): "));
}

TEST_CASE("without a plan nothing is made or joined") {
  auto made = apply::make_resctrl({});
  REQUIRE(made);
  CHECK(made.value().group() == ResctrlGroup());
  CHECK(apply::join(std::nullopt, 1));
  CHECK(apply::remove_resctrl({}));
}

}  // namespace
