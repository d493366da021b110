#include "container/usual_root.h"

#include <doctest/doctest.h>

using container::Caller;
using container::usual_root;

TEST_CASE("root's containers are the system's") {
  CHECK(usual_root(Caller{.uid = 0}) == "/run/coracle");
  CHECK(usual_root(Caller{.uid = 0, .runtime_dir = "/run/user/0"}) == "/run/coracle");
}

TEST_CASE("an ordinary user's containers are in his own folder") {
  CHECK(usual_root(Caller{.uid = 7, .runtime_dir = "/r"}) == "/r/coracle");
  CHECK(usual_root(Caller{.uid = 7}) == "/run/user/7/coracle");
}

TEST_CASE("a user who is root in his own user namespace stays himself") {
  Caller caller{.uid = 0, .in_user_namespace = true, .runtime_dir = "/r"};
  CHECK(usual_root(caller) == "/r/coracle");
  caller.user = "someone";
  CHECK(usual_root(caller) == "/r/coracle");
}

TEST_CASE("root of a machine that is a container itself is root") {
  CHECK(usual_root(
            Caller{.uid = 0, .in_user_namespace = true, .runtime_dir = "/r", .user = "root"}) ==
        "/run/coracle");
  CHECK(usual_root(Caller{.uid = 0, .in_user_namespace = true}) == "/run/coracle");
}
