#include "base/text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/result.h"

using namespace base;

TEST_CASE("splitting keeps empty pieces, words drop them") {
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',').empty());
  CHECK(words("  a \n b ") == std::vector<std::string_view>{"a", "b"});
}

TEST_CASE("a number is the whole text or nothing") {
  CHECK(parse<int>("42") == 42);
  CHECK(parse<int>("-1") == -1);
  CHECK(!parse<unsigned>("-1"));
  CHECK(!parse<int>("42x"));
  CHECK(!parse<int>(""));
  CHECK(!parse<int>("99999999999"));
  CHECK(parse<unsigned>("0755", 8) == 0755U);
}

TEST_CASE("quoted text cannot break a message's line") {
  CHECK(quote("a\n\"b\"\x1b") == "\"a\\n\\\"b\\\"\\x1b\"");
  CHECK(quote(std::string(1000, 'x')).size() < 300);
}

TEST_CASE("context grows outward") {
  auto fails = []() -> Status { return system_error("no"); };
  auto outer = [&]() -> Status {
    TRY(fails(), "mounts[", 3, "]");
    return {};
  };
  CHECK(outer().error().text() == "mounts[3]: no");
}

TEST_CASE("every kind of error has a word of its own") {
  std::vector<std::string_view> seen;
  for (int number = 0; number <= static_cast<int>(kLastKind); ++number) {
    auto name = word(static_cast<Kind>(number));
    CHECK(!name.empty());
    CHECK(std::count(seen.begin(), seen.end(), name) == 0);
    seen.push_back(name);
  }
  CHECK(errno_name(2) == "ENOENT");
  CHECK(errno_name(0).empty());
  CHECK(errno_name(-1).empty());
}
