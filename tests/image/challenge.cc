#include "image/challenge.h"

#include <doctest/doctest.h>

using namespace image;

TEST_CASE("a bearer challenge names realm, service and scope") {
  auto all = parse_challenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")");
  REQUIRE(all.size() == 1);
  CHECK(all[0].scheme == "bearer");
  CHECK(all[0].parameter("realm") == "https://auth.docker.io/token");
  CHECK(all[0].parameter("service") == "registry.docker.io");
  CHECK(all[0].parameter("scope") == "repository:a/b:pull,push");
  CHECK(all[0].parameter("error").empty());
}

TEST_CASE("one header may hold several challenges, in any case, with blanks and bare words") {
  auto all =
      parse_challenges(R"(BASIC Realm = "a \"b\", c" , charset=UTF-8, bearer realm=x , Negotiate)");
  REQUIRE(all.size() == 3);
  CHECK(all[0].scheme == "basic");
  CHECK(all[0].parameter("realm") == "a \"b\", c");
  CHECK(all[0].parameter("charset") == "UTF-8");
  CHECK(all[1].scheme == "bearer");
  CHECK(all[1].parameter("realm") == "x");
  CHECK(all[2].scheme == "negotiate");
}

TEST_CASE("what does not follow the grammar ends the list") {
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges(", ,").empty());
  CHECK(parse_challenges("realm=\"x\"").empty());
  CHECK(parse_challenges("\"x\"").empty());
  auto open = parse_challenges("Bearer realm=\"x");
  REQUIRE(open.size() == 1);
  CHECK(open[0].parameter("realm").empty());
  CHECK(parse_challenges("Bearer realm=\"x\\").size() == 1);
  CHECK(parse_challenges("Bearer realm=").size() == 1);
  CHECK(parse_challenges("Bearer \x01").size() == 1);
}
