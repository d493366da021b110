#include "spec/check.h"

#include <doctest/doctest.h>

#include "spec/default_seccomp.h"
#include "spec/example.h"
#include "spec/read.h"
#include "spec/samples.h"

namespace {
// Read and checked; the text of the error, or nothing.
std::string verdict(const std::string& text) {
  auto config = spec::read_config(text);
  if (!config) return config.error().text();
  auto status = spec::check(config.value());
  return status ? "" : status.error().text();
}
}  // namespace

TEST_CASE("the samples of callers' configurations are lawful") {
  for (auto name : samples::kGood) CHECK_MESSAGE(verdict(samples::good(name)) == "", name);
}

TEST_CASE("the example is lawful, for root and for others") {
  CHECK(spec::check(spec::example_config()));
  CHECK(spec::check(spec::rootless(spec::example_config(), 1000, 1000)));
}

TEST_CASE("the default filter is lawful") {
  auto config = spec::example_config();
  config.linux_.seccomp = spec::default_seccomp({"CAP_SYS_ADMIN"});
  auto status = spec::check(config);
  CHECK_MESSAGE(status, (status ? "" : status.error().text()));
}

TEST_CASE("each bad configuration is refused for its own reason") {
  auto cases = samples::json_of(samples::text_of(std::string(TESTS) + "/bad.json"));
  REQUIRE(cases.array_items()->size() > 100);
  for (const auto& one : *cases.array_items()) {
    auto config = samples::json_of(R"({"ociVersion":"1.3.0","root":{"path":"rootfs"}})");
    for (const auto& [name, value] : *one.find("config")->members()) config.set(name, value);
    auto text = base::dump(config);
    auto error = *one.find("error")->string();
    auto found = verdict(text);
    CHECK_MESSAGE(found.starts_with(error), text, "\n  wanted ", error, "\n  got    ", found);
  }
}

TEST_CASE("a broken rule names its place in the specification") {
  CHECK(verdict(R"({"ociVersion":"1.3.0"})") ==
        "root: is required on Linux, and is missing (config.md#root)");
  CHECK(verdict(R"({"ociVersion":"1.3.0","root":{"path":"r"},"hostname":"a"})")
            .ends_with("(config.md#hostname)"));
}

TEST_CASE("what no runtime can do yet is unsupported, not wrong") {
  auto config = spec::example_config();
  config.linux_.personality = spec::Personality{"LINUX", {"ADDR_NO_RANDOMIZE"}};
  auto status = spec::check(config);
  REQUIRE_FALSE(status);
  CHECK(status.error().kind() == base::Kind::Unsupported);
}

TEST_CASE("a process need not be there at create") {
  CHECK(verdict(R"({"ociVersion":"1.3.0","root":{"path":"r"}})") == "");
}

TEST_CASE("a joined user namespace may come with or without the mappings that it has") {
  std::string start = R"({"ociVersion":"1.3.0","root":{"path":"r"},"linux":{)"
                      R"("namespaces":[{"type":"user","path":"/proc/1/ns/user"}])";
  CHECK(verdict(start + "}}") == "");
  CHECK(verdict(start + R"(,"uidMappings":[{"containerID":0,"hostID":1,"size":2}],
                           "gidMappings":[{"containerID":0,"hostID":1,"size":2}]}})") == "");
}

TEST_CASE("a reservation may lie above the limit, as in the specification's example") {
  CHECK(verdict(R"({"ociVersion":"1.3.0","root":{"path":"r"},"linux":{"resources":{
                    "memory":{"limit":100000,"reservation":200000}}}})") == "");
}

TEST_CASE("a console size without a terminal is ignored, however large") {
  CHECK(verdict(R"({"ociVersion":"1.3.0","root":{"path":"r"},"process":{"cwd":"/","args":["a"],
                    "consoleSize":{"height":70000,"width":1}}})") == "");
}

TEST_CASE("a swap limit below the memory limit counts only where both are limits") {
  for (std::string swap : {"-1", "0"})
    CHECK(verdict(R"({"ociVersion":"1.3.0","root":{"path":"r"},"linux":{"resources":{
                      "memory":{"limit":100000,"swap":)" +
                  swap + "}}}}") == "");
}

TEST_CASE("documents of their own are checked with paths of their own") {
  spec::Process process;
  process.cwd = "/";
  CHECK(spec::check(process).error().text() ==
        "args: must have at least one entry (config.md#process)");
  spec::Resources resources;
  resources.cpu.emplace().idle = 2;
  CHECK(spec::check(resources).error().text() ==
        "cpu.idle: must be 0 or 1, got 2 (config-linux.md#cpu)");
}
