#include "engine/attach.h"

#include <doctest/doctest.h>

TEST_CASE("keys to detach are letters and control letters") {
  CHECK(engine::parse_detach_keys("ctrl-p,ctrl-q").value() == "\x10\x11");
  CHECK(engine::parse_detach_keys("a,ctrl-@,ctrl-\\").value() == std::string("a\0\x1c", 3));
  CHECK(engine::parse_detach_keys("").value().empty());
  for (const auto* wrong : {"ctrl-", "ctrl-pq", "ctrl-1", "up", "a,,b"}) {
    auto keys = engine::parse_detach_keys(wrong);
    REQUIRE_FALSE(keys);
    CHECK(keys.error().kind() == base::Kind::Usage);
  }
}
