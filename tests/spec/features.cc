#include "spec/features.h"

#include <doctest/doctest.h>

#include "spec/read.h"

namespace {
const base::Json& at(const base::Json& json, std::initializer_list<const char*> path) {
  auto here = &json;
  for (auto name : path) {
    here = here->find(name);
    REQUIRE_MESSAGE(here, name);
  }
  return *here;
}
// Whether a configuration with this Linux section is read.
bool reads(const std::string& platform) {
  return bool(spec::read_config(R"({"ociVersion":"1.3.0","linux":{)" + platform + "}}"));
}
}  // namespace

TEST_CASE("both ends of the range of versions are read") {
  auto features = spec::features({});
  for (auto end : {"ociVersionMin", "ociVersionMax"})
    CHECK(spec::read_config(R"({"ociVersion":")" + *at(features, {end}).string() + "\"}"));
  CHECK(*at(features, {"ociVersionMin"}).string() == "1.0.0");
  CHECK(*at(features, {"ociVersionMax"}).string() == "1.3.0");
}

TEST_CASE("every word that the features name is read") {
  auto features = spec::features({{}, {}, "", "2.6.0"});
  for (const auto& word : *at(features, {"linux", "namespaces"}).array_items())
    CHECK(reads(R"("namespaces":[{"type":")" + *word.string() + "\"}]"));
  std::string open = R"("seccomp":{"defaultAction":"SCMP_ACT_ALLOW",)";
  for (const auto& word : *at(features, {"linux", "seccomp", "actions"}).array_items())
    CHECK(reads(open + R"("syscalls":[{"names":["a"],"action":")" + *word.string() + "\"}]}"));
  for (const auto& word : *at(features, {"linux", "seccomp", "operators"}).array_items())
    CHECK(reads(open + R"("syscalls":[{"names":["a"],"action":"SCMP_ACT_LOG","args":[)" +
                R"({"index":0,"value":1,"op":")" + *word.string() + "\"}]}]}"));
  for (const auto& word : *at(features, {"linux", "seccomp", "archs"}).array_items())
    CHECK(reads(open + R"("architectures":[")" + *word.string() + "\"]}"));
  for (const auto& word : *at(features, {"linux", "seccomp", "knownFlags"}).array_items())
    CHECK(reads(open + R"("flags":[")" + *word.string() + "\"]}"));
  for (const auto& word : *at(features, {"linux", "memoryPolicy", "modes"}).array_items())
    CHECK(reads(R"("memoryPolicy":{"mode":")" + *word.string() + "\"}"));
  for (const auto& word : *at(features, {"linux", "memoryPolicy", "flags"}).array_items())
    CHECK(reads(R"("memoryPolicy":{"mode":"MPOL_BIND","flags":[")" + *word.string() + "\"]}"));
}

// spec: features.md, features-linux.md: the members that they name for Linux.
TEST_CASE("no member of the features structure is left out") {
  spec::FeatureFacts facts{{"ro"}, {"CAP_CHOWN"}, "0.1.0", "2.6.0", {"SECCOMP_FILTER_FLAG_LOG"}};
  auto features = spec::features(facts);
  for (auto name : {"ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux",
                    "annotations", "potentiallyUnsafeConfigAnnotations"})
    at(features, {name});
  for (auto name : {"namespaces", "capabilities", "cgroup", "seccomp", "apparmor", "selinux",
                    "memoryPolicy", "intelRdt", "mountExtensions", "netDevices"})
    at(features, {"linux", name});
  for (auto name : {"v1", "v2", "systemd", "systemdUser", "rdma"})
    at(features, {"linux", "cgroup", name});
  for (auto name : {"enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"})
    at(features, {"linux", "seccomp", name});
  for (auto name : {"enabled", "schemata", "monitoring"}) at(features, {"linux", "intelRdt", name});
  at(features, {"linux", "mountExtensions", "idmap", "enabled"});
}

TEST_CASE("what the caller of features knows is passed on") {
  auto features = spec::features({{"ro", "rw"}, {"CAP_CHOWN"}, "0.1.0", "2.5.4"});
  CHECK(base::dump(at(features, {"mountOptions"})) == R"(["ro","rw"])");
  CHECK(base::dump(at(features, {"linux", "capabilities"})) == R"(["CAP_CHOWN"])");
  CHECK(*at(features, {"annotations", "io.github.seccomp.libseccomp.version"}).string() == "2.5.4");
}

TEST_CASE("architectures that the library does not know are not named") {
  auto count = [](std::string version) {
    spec::FeatureFacts facts;
    facts.libseccomp_version = std::move(version);
    return at(spec::features(facts), {"linux", "seccomp", "archs"}).array_items()->size();
  };
  CHECK(count("2.5.4") == 19);
  CHECK(count("") == 19);
  CHECK(count("2.6.0") == 23);
  CHECK(count("2.10.1") == 23);
  CHECK(count("3.0.0") == 23);
}
