#include "container/list.h"

#include <doctest/doctest.h>

#include "folder.h"

using container::Record;

namespace {

void stopped(const Folder& folder, const std::string& id) {
  auto record = Record::claim(folder.path(), id, "{}");
  REQUIRE(record);
  record.value().saved.bundle = "/b";
  record.value().saved.rootfs = "/b/rootfs";
  record.value().saved.created = "2026-01-02T03:04:05Z";
  record.value().saved.ready = true;
  REQUIRE(record.value().save());
  record.value().keep();
}

TEST_CASE("a record that cannot be read is a warning, and does not hide the others") {
  Folder folder;
  stopped(folder, "b");
  stopped(folder, "a");
  folder.write("broken/state.json", "{");
  std::vector<std::string> warnings;
  auto listed = container::list(folder.path(), warnings);
  REQUIRE(listed);
  REQUIRE(listed.value().size() == 2);
  CHECK(listed.value()[0].saved.id == "a");
  CHECK(listed.value()[1].saved.id == "b");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("broken") != std::string::npos);
}

TEST_CASE("a description is the state with root file system, time and owner") {
  Folder folder;
  stopped(folder, "c1");
  auto listed = container::look_up(folder.path(), "c1");
  REQUIRE(listed);
  auto json = container::describe(listed.value());
  CHECK(
      base::dump(json) ==
      "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"stopped\",\"pid\":0,\"bundle\":\"/b\","
      "\"rootfs\":\"/b/rootfs\",\"created\":\"2026-01-02T03:04:05Z\",\"owner\":0}");
}

TEST_CASE("of what ps prints, the heading and the lines of our processes are left") {
  Folder folder;
  folder.write("bin/ps",
               "#!/bin/sh\n"
               "echo \"$@\" > " +
                   folder / "arguments" +
                   "\n"
                   "printf 'UID   PID NAME\\nroot   12 a 7\\nroot    7 b\\nroot  123 c\\n'\n",
               0755);
  auto path = "/nonexistent:" + folder / "bin";
  auto table = container::ps_table({7, 123, 12345}, {}, path);
  REQUIRE_MESSAGE(table, (table ? "" : table.error().text()));
  CHECK(table.value() == "UID   PID NAME\nroot    7 b\nroot  123 c\n");
  CHECK(folder.read("arguments") == "-ef\n");
  REQUIRE(container::ps_table({7}, {"-o", "pid,comm"}, path));
  CHECK(folder.read("arguments") == "-o pid,comm\n");
}

TEST_CASE("ps without a PID column, or no ps at all, is an error") {
  Folder folder;
  folder.write("bin/ps", "#!/bin/sh\necho PPID NAME\n", 0755);
  auto table = container::ps_table({1}, {"-o", "ppid"}, folder / "bin");
  REQUIRE(!table);
  CHECK(table.error().text() == "ps: these options print no PID column");
  auto none = container::ps_table({1}, {}, "/nonexistent");
  REQUIRE(!none);
  CHECK(none.error().kind() == base::Kind::Unsupported);
}

}  // namespace
