#include "engine/names.h"

#include <doctest/doctest.h>

#include <set>

#include "engine/containers.h"

TEST_CASE("an id is 64 hexadecimal digits, and another each time") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    auto id = engine::invent_id().value();
    CHECK(id.size() == 64);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(id);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("an invented name is one that a person could give") {
  for (int i = 0; i < 100; ++i) CHECK(engine::check_name("name", engine::invent_name().value()));
}

TEST_CASE("names are letters, digits and a few marks") {
  for (const auto* good : {"a", "bird", "Bird-2_x.y", "0"}) CHECK(engine::check_name("name", good));
  for (const auto* wrong : {"", "-a", ".a", "_a", "a/b", "a b", "ä", "a:b"})
    CHECK_FALSE(engine::check_name("name", wrong));
  CHECK_FALSE(engine::check_name("name", std::string(201, 'a')));
}
