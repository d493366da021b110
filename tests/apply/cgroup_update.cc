// Replacing limits, on plain files that stand for a cgroup file system.
#include "apply/cgroup_update.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "base/text.h"
#include "folder.h"

using plan::CgroupWrite;

namespace {

struct Group {
  Group() {
    folder.write("g/cgroup.controllers", "memory pids\n");
    paths.groups.push_back({.mount = folder.path(), .v2 = true, .controllers = {}, .path = "/g"});
  }
  CgroupWrite write(const std::string& file, const std::string& text) const {
    CgroupWrite out;
    out.mount = folder.path();
    out.controller = file.substr(0, file.find('.'));
    out.file = file;
    out.text = text;
    out.what = "linux.resources.x";
    return out;
  }
  void file(const std::string& name, const std::string& text) { folder.write("g/" + name, text); }
  // A plain file keeps what a shorter text does not cover.
  bool says(const std::string& name, const std::string& text) {
    return folder.read("g/" + name).starts_with(text);
  }
  Folder folder{};
  apply::CgroupPaths paths{};
};

}  // namespace

TEST_CASE("all limits are replaced, and what puts them back is given, the last one first") {
  Group group;
  group.file("memory.max", "max\n");
  group.file("pids.max", "100\n");
  auto undo = apply::replace_limits(
      group.paths, {group.write("memory.max", "4096"), group.write("pids.max", "200")});
  REQUIRE_MESSAGE(undo, undo.error().text());
  CHECK(group.says("memory.max", "4096"));
  CHECK(group.says("pids.max", "200"));
  REQUIRE(undo.value().size() == 2);
  CHECK(undo.value()[0].file == "pids.max");
  CHECK(undo.value()[0].text == "100");
  CHECK(undo.value()[1].text == "max");
  REQUIRE(apply::restore_limits(group.paths, undo.value()));
  CHECK(group.says("memory.max", "max"));
  CHECK(group.says("pids.max", "100"));
}

TEST_CASE("when one limit cannot be had, those before it are as they were") {
  Group group;
  group.file("memory.max", "8192\n");
  auto refused = apply::replace_limits(
      group.paths, {group.write("memory.max", "4096"), group.write("pids.max", "200")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().starts_with(
      "linux.resources.x: the kernel has no control file pids.max"));
  CHECK(refused.error().text().find("nor could") == std::string::npos);
  CHECK(group.says("memory.max", "8192"));
}

TEST_CASE("the file that the kernel has instead is the one that is put back") {
  Group group;
  group.file("memory.weight", "default 100\n");
  auto write = group.write("memory.bfq.weight", "500");
  write.otherwise_file = "memory.weight";
  write.otherwise_text = "4950";
  auto undo = apply::replace_limits(group.paths, {write});
  REQUIRE(undo);
  CHECK(group.says("memory.weight", "4950"));
  REQUIRE(undo.value().size() == 1);
  CHECK(undo.value()[0].file == "memory.weight");
  CHECK(undo.value()[0].text == "default 100");
}

TEST_CASE("a controller that the group lacks is enabled, or the error says where it cannot be") {
  Group group;
  group.folder.write("cgroup.subtree_control", "");
  group.file("io.max", "\n");
  REQUIRE(apply::replace_limits(group.paths, {group.write("io.max", "8:0 rbps=5")}));
  CHECK(group.folder.read("cgroup.subtree_control") == "+io");

  Group bare;
  auto refused = apply::replace_limits(bare.paths, {bare.write("io.max", "8:0 rbps=5")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().starts_with(
      "linux.resources.x: the cgroup controller io cannot be enabled for "));
}

TEST_CASE("a group that is gone is an error") {
  Group group;
  group.paths.groups[0].path = "/gone";
  auto refused = apply::replace_limits(group.paths, {group.write("pids.max", "5")});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ENOENT);
}
