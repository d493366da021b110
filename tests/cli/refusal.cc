#include "cli/refusal.h"

#include <doctest/doctest.h>

using cli::nearest;

namespace {

const std::vector<std::string> kNames{"create", "start", "state", "delete", "resume", "restore"};

TEST_CASE("the nearest name has few letters wrong") {
  CHECK(nearest("creat", kNames) == "create");
  CHECK(nearest("delte", kNames) == "delete");
  CHECK(nearest("satrt", kNames) == "start");
  CHECK(nearest("--memroy", {"--memory", "--memory-swap"}) == "--memory");
}

TEST_CASE("the beginning of just one name is that name") {
  CHECK(nearest("del", kNames) == "delete");
  CHECK(!nearest("st", kNames));
}

TEST_CASE("what is like nothing, or like two names, is nobody's") {
  CHECK(!nearest("zzz", kNames));
  CHECK(!nearest("", kNames));
  CHECK(!nearest("--", {"--all", "--any"}));
  CHECK(!nearest("sta", {"star", "stay"}));
}

}  // namespace
