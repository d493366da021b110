#include "apply/hooks.h"

#include <doctest/doctest.h>

#include "folder.h"

namespace {

plan::Hook hook(const std::string& what, const std::string& script) {
  return {
      .what = what, .path = "/bin/sh", .args = {"sh", "-c", script}, .env = {"PATH=/usr/bin:/bin"}};
}

TEST_CASE("hooks run one after the other, each with the state on its input") {
  Folder folder;
  auto log = folder / "log";
  CHECK(apply::run_hooks(
      {hook("a", "(sleep 0.1; echo a; cat) >> " + log), hook("b", "(echo b; cat) >> " + log)},
      "{\"id\":1}\n"));
  CHECK(folder.read("log") == "a\n{\"id\":1}\nb\n{\"id\":1}\n");
  CHECK(apply::run_hooks({}, "{}"));
}

TEST_CASE("the first hook that fails is the error, and those behind it do not run") {
  Folder folder;
  auto ran = apply::run_hooks(
      {hook("hooks.prestart[0]", "exit 0"), hook("hooks.prestart[1]", "echo why >&2; exit 7"),
       hook("hooks.prestart[2]", "touch " + folder / "third")},
      "{}");
  REQUIRE(!ran);
  CHECK(ran.error().text() == "hooks.prestart[1]: /bin/sh: exit status 7: why");
  CHECK(!folder.has("third"));
}

TEST_CASE("a hook that outlives its time is killed") {
  auto slow = hook("hooks.poststop[0]", "exec sleep 1000");
  slow.timeout = 1000;
  auto ran = apply::run_hooks({slow}, "{}");
  REQUIRE(!ran);
  CHECK(ran.error().text() == "hooks.poststop[0]: /bin/sh: not finished after 1 s, killed");
}

TEST_CASE("where failures do not matter every hook runs, and every failure is told") {
  Folder folder;
  auto errors = apply::run_all_hooks(
      {hook("a", "exit 1"), hook("b", "touch " + folder / "second"), hook("c", "exit 2")}, "{}");
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].text() == "a: /bin/sh: exit status 1");
  CHECK(errors[1].text() == "c: /bin/sh: exit status 2");
  CHECK(folder.has("second"));
}

}  // namespace
