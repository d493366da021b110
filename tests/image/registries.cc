#include "image/registries.h"

#include <doctest/doctest.h>

#include "folder.h"

using namespace image;

namespace {
RegistriesConf conf(std::string_view text) {
  auto out = read_registries_conf(text, "r.conf");
  std::string why = out ? "" : out.error().text();
  INFO(why);
  REQUIRE(out);
  return std::move(out).value();
}
std::string problem(std::string_view text) {
  auto out = read_registries_conf(text, "r.conf");
  return out ? "" : out.error().text();
}
Reference reference(std::string_view text) { return parse_reference(text).value(); }
// "a.io/x:latest b.io/y:latest!": where it is asked for; "!" marks what is insecure.
std::string asked(const RegistriesConf& conf, std::string_view name) {
  auto all = sources(conf, reference(name));
  if (!all) return all.error().text();
  std::string out;
  for (const auto& one : all.value())
    out += base::cat(out.empty() ? "" : " ", one.reference.text(), one.insecure ? "!" : "");
  return out;
}
std::string meant(const RegistriesConf& conf, std::string_view name) {
  auto all = meanings(conf, name);
  if (!all) return all.error().text();
  std::string out;
  for (const auto& one : all.value()) out += base::cat(out.empty() ? "" : " ", one.text());
  return out;
}
const std::string kDigest = "@sha256:" + std::string(64, 'a');
}  // namespace

TEST_CASE("without rules an image is asked for at its own registry") {
  CHECK(asked({}, "x.io/a:1") == "x.io/a:1");
  CHECK(asked(conf("[[registry]]\nlocation = 'y.io'"), "x.io/a:1") == "x.io/a:1");
}

TEST_CASE("the longest prefix replaces its part of the name by the location") {
  auto rules = conf(R"(
[[registry]]
prefix = "x.io"
location = "host.lan:5000/all/"
[[registry]]
prefix = "x.io/a"
location = "inner.lan/b"
insecure = true
[[registry]]
prefix = "x.io/a/one:2"
location = "two.lan/three:4"
)");
  CHECK(asked(rules, "x.io/a/img:1") == "inner.lan/b/img:1!");
  CHECK(asked(rules, "x.io/a/one:2") == "two.lan/three:4");
  CHECK(asked(rules, "x.io/ab:1") == "host.lan:5000/all/ab:1");
  CHECK(asked(rules, "x.io:5000/a:1") == "x.io:5000/a:1");
  CHECK(asked(rules, "x.io/a" + kDigest) == "inner.lan/b" + kDigest + "!");
}

TEST_CASE("a wildcard stands for subdomains, and needs no location") {
  auto rules = conf("[[registry]]\nprefix = '*.example.com'\ninsecure = true");
  CHECK(asked(rules, "a.b.example.com/x:1") == "a.b.example.com/x:1!");
  CHECK(asked(rules, "a.example.com:5000/x:1") == "a.example.com:5000/x:1!");
  CHECK(asked(rules, "example.com/x:1") == "example.com/x:1");
  CHECK(asked(rules, "badexample.com/x:1") == "badexample.com/x:1");
  auto moved = conf("[[registry]]\nprefix = '*.example.com'\nlocation = 'm.lan/y'");
  CHECK(asked(moved, "a.example.com:5000/x:1") == "m.lan/y/x:1");
  CHECK(problem("[[registry]]\nprefix = 'a.*.com'\nlocation = 'x.io'").find("r.conf:2: prefix") ==
        0);
  CHECK(!problem("[[registry]]\nprefix = '*.example.com/foo'").empty());
}

TEST_CASE("mirrors come first, in order, each for what it is for") {
  auto rules = conf(R"(
[[registry]]
location = "x.io"
[[registry.mirror]]
location = "all.lan/x"
insecure = true
[[registry.mirror]]
location = "digest.lan"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tag.lan"
pull-from-mirror = "tag-only"
)");
  CHECK(asked(rules, "x.io/a:1") == "all.lan/x/a:1! tag.lan/a:1 x.io/a:1");
  CHECK(asked(rules, "x.io/a" + kDigest) ==
        "all.lan/x/a" + kDigest + "! digest.lan/a" + kDigest + " x.io/a" + kDigest);
  auto digests = conf(
      "[[registry]]\nlocation='x.io'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m."
      "lan'");
  CHECK(asked(digests, "x.io/a:1") == "x.io/a:1");
  CHECK(asked(digests, "x.io/a" + kDigest) == "m.lan/a" + kDigest + " x.io/a" + kDigest);
}

TEST_CASE("what is blocked is refused, also for writing") {
  auto rules = conf("[[registry]]\nlocation = 'x.io/bad'\nblocked = true");
  CHECK(asked(rules, "x.io/bad/a:1") == "\"x.io/bad\" is blocked by r.conf");
  CHECK(asked(rules, "x.io/badly:1") == "x.io/badly:1");
  CHECK(!destination(rules, reference("x.io/bad/a")));
}

TEST_CASE("pushes go to the registry itself") {
  auto rules = conf("[[registry]]\nprefix='x.io'\nlocation='y.io'\ninsecure=true");
  auto there = destination(rules, reference("x.io/a")).value();
  CHECK(there.reference.text() == "x.io/a:latest");
  CHECK(there.insecure);
}

TEST_CASE("a location without a host is not taken for Docker Hub") {
  auto rules = conf("[[registry]]\nprefix='x.io'\nlocation='mirror'");
  CHECK(asked(rules, "x.io/a:1").find("does not begin with a registry") != std::string::npos);
}

TEST_CASE("a short name is Docker Hub's until a file says otherwise") {
  CHECK(meant({}, "alpine") == "docker.io/library/alpine:latest");
  CHECK(meant(conf("unqualified-search-registries = []"), "alpine:3") ==
        "docker.io/library/alpine:3");
  auto both = conf(
      "unqualified-search-registries = ['a.io', 'b.io:5000/']\n[aliases]\n'red/hat' = "
      "'q.io/hat/red'");
  CHECK(meant(both, "alpine:3") == "a.io/alpine:3 b.io:5000/alpine:3");
  CHECK(meant(both, "alpine" + kDigest) == "a.io/alpine" + kDigest + " b.io:5000/alpine" + kDigest);
  CHECK(meant(both, "red/hat:8") == "q.io/hat/red:8");
  CHECK(meant(both, "x.io/alpine") == "x.io/alpine:latest");
  CHECK(meant(both, "localhost/alpine") == "localhost/alpine:latest");
}

TEST_CASE("an enforced short name with several meanings is refused") {
  std::string mode = "short-name-mode = 'enforcing'\n";
  CHECK(meant(conf(mode + "unqualified-search-registries = ['a.io']"), "x") == "a.io/x:latest");
  CHECK(meant(conf(mode + "unqualified-search-registries = ['a.io', 'b.io']"), "x")
            .find("a.io, b.io") != std::string::npos);
}

TEST_CASE("what is wrong is named by file and line") {
  CHECK(problem("a = ").find("r.conf:1: ") == 0);
  CHECK(problem("\n[[registry]]\nlocation = 5").find("r.conf:3: location: must be a string") == 0);
  CHECK(problem("[[registry]]\ninsecure = true").find("r.conf:1: a registry needs") == 0);
  CHECK(problem("[[registry]]\nlocation='https://x.io'").find("r.conf:2: location") == 0);
  CHECK(problem("registry = 1").find("r.conf:1: registry") == 0);
  CHECK(problem("[registries.search]\nregistries=['a.io']").find("version 1") != std::string::npos);
  CHECK(problem("short-name-mode = 'maybe'").find("enforcing") != std::string::npos);
  CHECK(problem("[aliases]\n'a' = 'x.io/b:1'").find("r.conf:2") == 0);
  CHECK(problem("unqualified-search-registries = ['x.io/a']").find("r.conf:1") == 0);
  CHECK(problem("[[registry]]\nlocation='x.io'\n[[registry]]\nlocation='x.io'\nblocked=true")
            .find("another table") != std::string::npos);
}

TEST_CASE("keys that nobody knows become notes") {
  auto rules = conf("[[registry]]\nlocation='x.io'\nlocatoin='y.io'\n[other]\na=1");
  REQUIRE(rules.notes.size() == 2);
  CHECK(rules.notes[0] == "r.conf:4: other: is not known here, and ignored");
  CHECK(rules.notes[1] == "r.conf:3: locatoin: is not known here, and ignored");
}

TEST_CASE("drop-ins are read by name after the main file and go before it") {
  Folder folder;
  auto main = folder.write("r.conf",
                           "unqualified-search-registries=['a.io']\n[[registry]]\nlocation='x.io'\n"
                           "[aliases]\n'one'='x.io/one'\n'two'='x.io/two'");
  folder.write("r.conf.d/20.conf", "[[registry]]\nprefix='x.io'\nlocation='late.lan'");
  folder.write(
      "r.conf.d/10.conf",
      "unqualified-search-registries=['b.io']\n[[registry]]\nprefix='x.io'\nlocation='early.lan'\n"
      "[aliases]\n'one'=''\n'two'='y.io/two'");
  folder.write("r.conf.d/30.off", "rubbish");
  auto all = load_registries_conf({.main = main, .must_exist = true, .folders = {main + ".d"}});
  REQUIRE(all);
  CHECK(asked(all.value(), "x.io/a:1") == "late.lan/a:1");
  CHECK(meant(all.value(), "two") == "y.io/two:latest");
  CHECK(meant(all.value(), "one") == "b.io/one:latest");
  CHECK(!load_registries_conf({.main = folder / "none", .must_exist = true}));
  CHECK(load_registries_conf({.main = folder / "none", .folders = {folder / "none.d"}}));
}
