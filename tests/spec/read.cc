#include "spec/read.h"

#include <doctest/doctest.h>

#include "spec/samples.h"
#include "spec/write.h"

using spec::read_config;

namespace {
spec::Config config_of(const std::string& text) {
  auto config = read_config(text);
  REQUIRE_MESSAGE(config, config.error().text());
  return std::move(config).value();
}
std::string error_of(const std::string& text) {
  auto config = read_config(text);
  REQUIRE_FALSE(config);
  CHECK(config.error().kind() == base::Kind::Config);
  return config.error().text();
}
spec::Linux linux_of(const std::string& members) {
  return config_of(R"({"ociVersion":"1.3.0","linux":{)" + members + "}}").linux_;
}
}  // namespace

TEST_CASE("every version 1.x.y is read, and no other") {
  for (std::string version :
       {"1.0.0", "1.0.2-dev", "1.1.0-rc.1", "1.2.1", "1.3.0", "1.9.9", "1.0.2+build", "1.10.0"})
    CHECK_MESSAGE(read_config(R"({"ociVersion":")" + version + "\"}"), version);
  for (std::string version : {"", "1", "1.0", "1.0.0.0", "1.a.0", "1.0.", "2.0.0", "0.2.0",
                              "invalid", "v1.0.0", "1.-1.0", "10.0.0"})
    CHECK_MESSAGE(!read_config(R"({"ociVersion":")" + version + "\"}"), version);
}

TEST_CASE("the version is looked at first, for another one means other members") {
  CHECK(error_of(R"({"linux":7,"ociVersion":"2.0.0"})").starts_with("ociVersion: "));
}

TEST_CASE("a text that is no JSON is refused with line and column") {
  CHECK(error_of("{]").starts_with("not JSON: line 1, column 2"));
  CHECK(error_of("") != "");
}

TEST_CASE("a document that is no object is refused") {
  CHECK(error_of("[]") == "the document: must be an object, got an array");
}

TEST_CASE("unknown members and other platforms' blocks are ignored, whatever they hold") {
  auto config = config_of(R"({"ociVersion":"1.0.0","vm":1,"windows":[],"solaris":"","zos":true,
                              "freebsd":{"jail":1},"x":{"y":[1.5]},"linux":{"z":7}})");
  CHECK(config == config_of(R"({"ociVersion":"1.0.0"})"));
}

TEST_CASE("null counts as absent") {
  auto config = config_of(R"({"ociVersion":"1.0.0","root":null,"process":null,"mounts":null,
                              "hooks":{"prestart":null},"annotations":null,"hostname":null,
                              "linux":{"resources":null,"namespaces":null,"seccomp":null}})");
  CHECK(config == config_of(R"({"ociVersion":"1.0.0"})"));
}

TEST_CASE("what is absent stays absent, and what is present and empty does not") {
  CHECK_FALSE(linux_of("").resources);
  CHECK(linux_of(R"("resources":{})").resources);
  CHECK_FALSE(linux_of(R"("resources":{})").resources->memory);
  CHECK(linux_of(R"("resources":{"memory":{}})").resources->memory);
  auto flags = [](const std::string& members) {
    return linux_of(R"("seccomp":{"defaultAction":"SCMP_ACT_ALLOW")" + members + "}")
        .seccomp->flags;
  };
  CHECK_FALSE(flags(""));
  CHECK(flags(R"(,"flags":[])"));
}

TEST_CASE("both spellings of a propagation are read, and an empty one is none") {
  auto rshared = linux_of(R"("rootfsPropagation":"rshared")");
  CHECK(rshared.rootfs_propagation == spec::Propagation::Shared);
  CHECK(rshared.rootfs_propagation_recursive);
  auto slave = linux_of(R"("rootfsPropagation":"slave")");
  CHECK(slave.rootfs_propagation == spec::Propagation::Slave);
  CHECK_FALSE(slave.rootfs_propagation_recursive);
  CHECK(linux_of(R"("rootfsPropagation":"")") == spec::Linux{});
}

TEST_CASE("an empty text in place of an optional word is no word") {
  auto rules = linux_of(R"("resources":{"devices":[{"allow":true,"type":""}]})").resources->devices;
  REQUIRE(rules.size() == 1);
  CHECK(rules[0].type.empty());
}

TEST_CASE("a fifo needs no device numbers") {
  auto devices = linux_of(R"("devices":[{"type":"p","path":"/f"},
                             {"type":"p","path":"/g","major":1,"minor":2}])")
                     .devices;
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].major == 0);
  CHECK(devices[1].minor == 2);
}

TEST_CASE("a file mode may carry more than the permission bits, as podman writes it") {
  auto devices = linux_of(R"("devices":[{"type":"c","path":"/f","major":1,"minor":2,
                                         "fileMode":8630}])")
                     .devices;
  CHECK(devices.at(0).file_mode == 8630);
}

TEST_CASE("numbers keep their whole range") {
  auto resources = linux_of(R"("resources":{"memory":{"limit":9223372036854775807},
      "blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":18446744073709551615}]}})")
                       .resources;
  CHECK(resources->memory->limit == INT64_MAX);
  CHECK(resources->block_io->throttle_read_bps_device.at(0).rate == UINT64_MAX);
}

TEST_CASE("an error names the path from the root of the document, in arrays and maps too") {
  CHECK(error_of(R"({"ociVersion":"1.0.0","linux":{"resources":{"cpu":{"quota":"abc"}}}})") ==
        "linux.resources.cpu.quota: must be an integer, got \"abc\"");
  CHECK(error_of(R"({"ociVersion":"1.0.0","linux":{"netDevices":{"eth0":7}}})") ==
        "linux.netDevices.eth0: must be an object, got 7");
  CHECK(error_of(R"({"ociVersion":"1.0.0","mounts":[{"destination":"/"},7]})") ==
        "mounts[1]: must be an object, got 7");
}

TEST_CASE("the first of several faults is the one that is named") {
  CHECK(error_of(R"({"ociVersion":"1.0.0","hostname":7,"linux":8})").starts_with("hostname: "));
}

TEST_CASE("a limit of no processes is none in documents of before 1.3") {
  auto limit = [](const std::string& version) {
    return config_of(R"({"ociVersion":")" + version +
                     R"(","linux":{"resources":{"pids":{"limit":0}}}})")
        .linux_.resources->pids->limit;
  };
  CHECK(limit("1.0.2-dev") == -1);
  CHECK(limit("1.2.1") == -1);
  CHECK(limit("1.3.0") == 0);
  CHECK(limit("1.10.0") == 0);
}

TEST_CASE("a process and limits are read from documents of their own") {
  auto process = spec::read_process(R"({"cwd":"/","args":["a"],"user":{"uid":1,"gid":2}})");
  REQUIRE(process);
  CHECK(process.value().user.gid == 2);
  CHECK(spec::read_process(R"({"args":["a"]})").error().text() ==
        "cwd: is required, and is missing");
  auto resources = spec::read_resources(R"({"memory":{"limit":4096}})");
  REQUIRE(resources);
  CHECK(resources.value().memory->limit == 4096);
  CHECK(spec::read_resources(R"({"cpu":{"shares":-1}})").error().text() ==
        "cpu.shares: must be an integer from 0 to 18446744073709551615, got -1");
}

TEST_CASE("what the sample with everything says arrives where it belongs") {
  auto config = config_of(samples::good("everything"));
  CHECK(config.process->scheduler->deadline == 20000);
  CHECK(config.process->exec_cpu_affinity->final_ == "0, 2");
  CHECK(config.hooks.start_container.at(0).path == "/d");
  CHECK(config.linux_.monotonic->secs == -5);
  CHECK(config.linux_.net_devices.at(0).host_name == "eth0");
  CHECK(config.linux_.net_devices.at(0).name == "container_eth0");
  CHECK(config.linux_.resources->rdma.at(1).device == "rxe3");
  CHECK(config.linux_.resources->block_io->throttle_write_iops_device.at(0).rate == UINT64_MAX);
  CHECK(config.linux_.seccomp->syscalls.at(1).args.at(0).value_two == 1);
  CHECK(config.linux_.seccomp->default_action == spec::SeccompAction::Trace);
  CHECK(config.linux_.intel_rdt->enable_monitoring);
}
