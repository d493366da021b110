#include "fs/mountinfo.h"

#include <doctest/doctest.h>

namespace {

TEST_CASE("a row of mountinfo, with and without propagation, blanks escaped") {
  auto rows = fs::parse_mountinfo(
      "36 35 98:0 /mnt1 /a\\040b rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n"
      "37 36 0:5 / /x ro - tmpfs none rw\n");
  REQUIRE(rows);
  REQUIRE(rows.value().size() == 2);
  CHECK(rows.value()[0] == fs::MountRow{.id = 36,
                                        .parent = 35,
                                        .root = "/mnt1",
                                        .mount_point = "/a b",
                                        .options = "rw,noatime",
                                        .propagation = "shared:1 master:2",
                                        .type = "ext3",
                                        .source = "/dev/root",
                                        .super_options = "rw,errors=continue"});
  CHECK(rows.value()[1].propagation.empty());
}

TEST_CASE("what is no row is an error, the empty text has none") {
  CHECK(fs::parse_mountinfo("").value().empty());
  for (auto text :
       {"x", "36 35 98:0 / / rw", "36 35 98:0 / / rw - ext3 src", "a b c d e f - g h i"})
    CHECK(!fs::parse_mountinfo(text));
}

TEST_CASE("our own table has the root") {
  auto rows = fs::read_mountinfo();
  REQUIRE(rows);
  CHECK(!rows.value().empty());
}

}  // namespace
