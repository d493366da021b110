#include "spec/write.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "spec/example.h"
#include "spec/read.h"
#include "spec/samples.h"

TEST_CASE("reading what was written gives the same configuration") {
  for (auto name : samples::kGood) {
    auto config = spec::read_config(samples::good(name));
    REQUIRE_MESSAGE(config, config.error().text());
    auto text = base::dump(spec::write_config(config.value()), 2);
    auto again = spec::read_config(text);
    REQUIRE_MESSAGE(again, again.error().text());
    CHECK_MESSAGE(again.value() == config.value(), name);
    CHECK_MESSAGE(base::dump(spec::write_config(again.value()), 2) == text, name);
  }
}

TEST_CASE("nothing of a sample bundle is lost in writing") {
  int count = 0;
  for (const auto& folder : std::filesystem::directory_iterator(BUNDLES)) {
    auto path = folder.path() / "config.json";
    if (!std::filesystem::exists(path)) continue;
    auto config = spec::read_config(samples::text_of(path));
    REQUIRE_MESSAGE(config, path << ": " << config.error().text());
    // As values: what is absent and has a default may be written out.
    auto again = spec::read_config(base::dump(spec::write_config(config.value())));
    REQUIRE_MESSAGE(again, path << ": " << again.error().text());
    CHECK_MESSAGE(again.value() == config.value(), path);
    ++count;
  }
  CHECK(count >= 16);
}

TEST_CASE("nothing of the sample with everything is lost in writing") {
  auto config = spec::read_config(samples::good("everything"));
  REQUIRE(config);
  auto json = spec::write_config(config.value());
  auto scheduler = json.find("process")->find("scheduler");
  CHECK(base::dump(*scheduler) ==
        R"({"policy":"SCHED_DEADLINE","nice":0,"priority":0,"flags":["SCHED_FLAG_RECLAIM"],)"
        R"("runtime":10000,"deadline":20000,"period":30000})");
  auto platform = json.find("linux");
  CHECK(base::dump(*platform->find("timeOffsets")) ==
        R"({"boottime":{"secs":100,"nanosecs":7},"monotonic":{"secs":-5,"nanosecs":0}})");
  CHECK(base::dump(*platform->find("netDevices")) ==
        R"({"eth0":{"name":"container_eth0"},"eth1":{}})");
  CHECK(*platform->find("rootfsPropagation")->string() == "unbindable");
}

TEST_CASE("absent members stay out, present and empty ones stay in") {
  spec::Config config;
  config.oci_version = "1.3.0";
  CHECK(base::dump(spec::write_config(config)) == R"({"ociVersion":"1.3.0"})");
  config.linux_.resources.emplace().memory.emplace();
  config.linux_.seccomp.emplace().flags.emplace();
  CHECK(base::dump(spec::write_config(config)) ==
        R"({"ociVersion":"1.3.0","linux":{"resources":{"memory":{}},)"
        R"("seccomp":{"defaultAction":"SCMP_ACT_ALLOW","flags":[]}}})");
}

TEST_CASE("a recursive propagation is written as such") {
  spec::Linux platform;
  for (bool recursive : {false, true}) {
    spec::Config config;
    config.oci_version = "1.3.0";
    config.linux_.rootfs_propagation = spec::Propagation::Slave;
    config.linux_.rootfs_propagation_recursive = recursive;
    auto json = spec::write_config(config);
    CHECK(*json.find("linux")->find("rootfsPropagation")->string() ==
          (recursive ? "rslave" : "slave"));
  }
}

TEST_CASE("a process and limits are written as documents of their own") {
  auto process = spec::example_config().process;
  auto read = spec::read_process(base::dump(spec::write_process(*process)));
  REQUIRE(read);
  CHECK(read.value() == *process);
  spec::Resources resources;
  resources.pids.emplace().limit = 0;
  CHECK(base::dump(spec::write_resources(resources)) == R"({"pids":{"limit":0}})");
}
