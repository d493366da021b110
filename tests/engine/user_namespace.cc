#include "engine/user_namespace.h"

#include <doctest/doctest.h>

using engine::IdRange;

namespace {
using Ranges = std::vector<IdRange>;
using Words = std::vector<std::string>;
}  // namespace

TEST_CASE("of a file of subordinate ids, a user's lines are those of his name and of his number") {
  constexpr std::string_view kText =
      "anna:100000:65536\nben:165536:65536\n1001:300000:10\nanna:400000:20\n\n# anna:1:2\n";
  CHECK(engine::parse_subordinate_file(kText, "anna", 1000) ==
        Ranges{{100000, 65536}, {400000, 20}});
  CHECK(engine::parse_subordinate_file(kText, "ben", 1001) ==
        Ranges{{165536, 65536}, {300000, 10}});
  CHECK(engine::parse_subordinate_file(kText, "carl", 1002).empty());
}

TEST_CASE("lines of subordinate ids that make no sense are passed over") {
  for (const auto* text : {"anna:100000", "anna:x:5", "anna:5:-1", "anna:5:0", "anna:5:6:7", ":5:6",
                           "annabel:5:6", "anna:4294967296:1"})
    CHECK_MESSAGE(engine::parse_subordinate_file(text, "anna", 1000).empty(), text);
  // A user who has no name has no lines without one.
  CHECK(engine::parse_subordinate_file(":5:6", "", 1000).empty());
}

TEST_CASE("getsubids tells the first id and how many they are") {
  CHECK(engine::parse_getsubids("0: anna 100000 65536\n1: anna 300000 10\n") ==
        Ranges{{100000, 65536}, {300000, 10}});
  CHECK(engine::parse_getsubids("").empty());
  CHECK(engine::parse_getsubids("Error fetching ranges\n").empty());
}

TEST_CASE("a user's own id becomes root, his ranges follow one behind the other") {
  CHECK(engine::map_arguments(1000, {{100000, 65536}, {300000, 10}}) ==
        Words{"0", "1000", "1", "1", "100000", "65536", "65537", "300000", "10"});
  CHECK(engine::map_arguments(1000, {}) == Words{"0", "1000", "1"});
}

TEST_CASE("a map ends where ids end") {
  CHECK(engine::map_arguments(1000, {{1, 4294967295U}, {5, 6}}) ==
        Words{"0", "1000", "1", "1", "1", "4294967294"});
}
