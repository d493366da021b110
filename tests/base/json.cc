#include "base/json.h"

#include <doctest/doctest.h>

using base::Json;
using base::parse_json;
using base::Place;

TEST_CASE("a document is read and written without change") {
  auto text = R"({"a":[1,-2,true,null,"x/y"],"b":{"c":18446744073709551615}})";
  auto json = parse_json(text);
  REQUIRE(json);
  CHECK(base::dump(json.value()) == text);
}

TEST_CASE("a document cut short is refused with line and column") {
  auto json = parse_json("{\"a\": [1,\n 2");
  REQUIRE(!json);
  CHECK(json.error().text().find("line 2, column") != std::string::npos);
}

TEST_CASE("two members of one name are refused") {
  auto json = parse_json(R"({"a":1,"a":2})");
  REQUIRE(!json);
  CHECK(json.error().text().find("\"a\"") != std::string::npos);
}

TEST_CASE("nesting beyond the limit is refused, not overflowed") {
  CHECK(!parse_json(std::string(100000, '[')));
}

TEST_CASE("an error names the path and the value") {
  auto json = parse_json(R"({"linux":{"list":[1,"two"]}})").value();
  auto list = Place(json).at("linux").value().at("list").value().items().value();
  CHECK(list[0].number<int>().value() == 1);
  auto wrong = list[1].number<int>();
  REQUIRE(!wrong);
  CHECK(wrong.error().text() == "linux.list[1]: must be an integer, got \"two\"");
}

TEST_CASE("numbers outside their type are refused") {
  auto json = parse_json(R"({"a":256,"b":-1,"c":1.5})").value();
  Place place(json);
  CHECK(!place.opt_number<std::uint8_t>("a"));
  CHECK(!place.opt_number<std::uint8_t>("b"));
  CHECK(!place.opt_number<int>("c"));
  CHECK(place.opt_number<std::uint16_t>("a").value() == 256);
}

TEST_CASE("absent and null members are absent, required ones are missed by path") {
  auto json = parse_json(R"({"a":null})").value();
  CHECK(!Place(json).find("a").value());
  CHECK(Place(json).at("a").error().text() == "a: is required, and is missing");
}

TEST_CASE("a text with a NUL character is refused") {
  auto json = parse_json("{\"a\":\"x\\u0000y\"}").value();
  CHECK(!Place(json).opt_string("a"));
}
