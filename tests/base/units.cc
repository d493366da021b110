#include "base/units.h"

#include <doctest/doctest.h>

using base::parse_duration;
using base::parse_size;

namespace {

std::int64_t size(std::string_view text) {
  auto out = parse_size(text);
  if (!out) FAIL(out.error().text());
  return out.value();
}

std::int64_t nanoseconds(std::string_view text) {
  auto out = parse_duration(text);
  if (!out) FAIL(out.error().text());
  return out.value().count();
}

}  // namespace

TEST_CASE("a size is bytes, or a number with k, m, g, t or p as powers of 1024") {
  CHECK(size("0") == 0);
  CHECK(size("4096") == 4096);
  CHECK(size("9223372036854775807") == 9223372036854775807);
  CHECK(size("10k") == 10240);
  CHECK(size("64b") == 64);
  CHECK(size("100M") == 104857600);
  CHECK(size("100MiB") == 104857600);
  CHECK(size("100 mb") == 104857600);
  CHECK(size("1.5g") == 1610612736);
  CHECK(size("2T") == std::int64_t{2} << 40);
  CHECK(size("1p") == std::int64_t{1} << 50);
}

TEST_CASE("what is no size is refused with its text") {
  for (auto text : {"", "abc", "-1", "1e3", "10x", "10kk", "10ib", "k", "9223372036854775808",
                    "8192p", "1  k", "+5", "inf", "nan"}) {
    CAPTURE(text);
    auto out = parse_size(text);
    REQUIRE_FALSE(out);
    CHECK(out.error().kind() == base::Kind::Usage);
  }
  CHECK(parse_size("abc").error().text() == "must be a size such as 100M or 1.5g, got \"abc\"");
}

TEST_CASE("a duration is one or more numbers, each with its unit") {
  CHECK(nanoseconds("0") == 0);
  CHECK(nanoseconds("5s") == 5'000'000'000);
  CHECK(nanoseconds("1m30s") == 90'000'000'000);
  CHECK(nanoseconds("500ms") == 500'000'000);
  CHECK(nanoseconds("1.5h") == 5'400'000'000'000);
  CHECK(nanoseconds(".5us") == 500);
  CHECK(nanoseconds("7\xc2\xb5s") == 7000);
  CHECK(nanoseconds("3ns") == 3);
}

TEST_CASE("what is no duration is refused") {
  for (auto text : {"", "5", "s", "-5s", "5x", "5s3", "1e3s", "1m 30s", "9999999h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}
