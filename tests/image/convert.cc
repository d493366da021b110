#include "image/convert.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "spec/check.h"

using namespace image;

namespace {

ImageConfig sample() {
  ImageConfig image{.created = "2024-01-01T00:00:00Z",
                    .author = "somebody",
                    .platform = {.os = "linux", .architecture = "amd64"}};
  image.config.env = {"PATH=/bin", "LANG=C"};
  image.config.entrypoint = {"/entry"};
  image.config.cmd = {"serve", "--fast"};
  image.config.exposed_ports = {"80/tcp", "443/tcp"};
  image.config.volumes = {"/data", "/cache"};
  image.config.working_dir = "/work";
  image.config.labels = {{"a", "b"}, {"org.opencontainers.image.author", "label wins"}};
  image.config.stop_signal = "SIGINT";
  return image;
}

spec::Config made(const ConvertOptions& options, const ResolvedUser& user = {.home = "/root"},
                  const ImageConfig& image = sample()) {
  auto config = convert(image, user, options);
  REQUIRE(config);
  auto checked = spec::check(config.value());
  if (!checked) FAIL(checked.error().text());
  return config.value();
}

std::string annotation(const spec::Config& config, std::string_view word) {
  for (const auto& [key, value] : config.annotations)
    if (key == word || key == base::cat("org.opencontainers.image.", word)) return value;
  return "";
}

bool has(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

const spec::Mount* mount_at(const spec::Config& config, std::string_view where) {
  for (const auto& mount : config.mounts)
    if (mount.destination == where) return &mount;
  return nullptr;
}

}  // namespace

// spec: conversion.md#verbatim-fields
TEST_CASE("entrypoint and cmd become args, and the user's words replace them") {
  using Args = std::vector<std::string>;
  CHECK(made({}).process->args == Args{"/entry", "serve", "--fast"});
  CHECK(made({.command = {"other"}}).process->args == Args{"/entry", "other"});
  CHECK(made({.entrypoint = Args{"/mine"}}).process->args == Args{"/mine"});
  CHECK(made({.command = {"x"}, .entrypoint = Args{"/mine"}}).process->args == Args{"/mine", "x"});
  CHECK(made({.command = {"sh"}, .entrypoint = Args{}}).process->args == Args{"sh"});
  CHECK(!convert(sample(), {}, {.entrypoint = Args{}}));
  CHECK(!convert(ImageConfig{}, {}, {}));
}

TEST_CASE("the environment is the image's, with the user's on top and defaults below") {
  auto env = made({.env = {"LANG=de", "NEW=1=2"}}).process->env;
  CHECK(env == std::vector<std::string>{"PATH=/bin", "LANG=de", "NEW=1=2", "HOME=/root"});
  CHECK(has(made({.tty = true}).process->env, "TERM=xterm"));
  CHECK(has(made({.env = {"HOME=/h"}}).process->env, "HOME=/h"));
  ImageConfig bare;
  bare.config.cmd = {"x"};
  CHECK(made({}, {.home = "/"}, bare).process->env[0].starts_with("PATH=/usr/local/sbin"));
  CHECK(!convert(sample(), {}, {.env = {"NOVALUE"}}));
  CHECK(!convert(sample(), {}, {.env = {"=x"}}));
}

TEST_CASE("working folder, terminal, host name and root") {
  auto config = made({.workdir = "/else", .hostname = "box", .tty = true, .read_only = true});
  CHECK(config.process->cwd == "/else");
  CHECK(config.process->terminal);
  CHECK(config.hostname == "box");
  CHECK(config.root->readonly);
  CHECK(config.root->path == "rootfs");
  CHECK(made({}).process->cwd == "/work");
  CHECK(!made({}).process->terminal);
  CHECK(!convert(sample(), {}, {.workdir = "relative"}));
}

// spec: conversion.md#annotation-fields
TEST_CASE("the image's facts become annotations, where no label says otherwise") {
  auto config = made({});
  CHECK(annotation(config, "a") == "b");
  CHECK(annotation(config, "os") == "linux");
  CHECK(annotation(config, "architecture") == "amd64");
  CHECK(annotation(config, "author") == "label wins");
  CHECK(annotation(config, "created") == "2024-01-01T00:00:00Z");
  CHECK(annotation(config, "stopSignal") == "SIGINT");
  CHECK(annotation(config, "exposedPorts") == "80/tcp,443/tcp");
}

TEST_CASE("the user's ids go in, and capabilities only root holds at once") {
  auto config = made({}, {.uid = 5, .gid = 6, .additional_gids = {7}, .home = "/"});
  CHECK(config.process->user.uid == 5);
  CHECK(config.process->user.gid == 6);
  CHECK(config.process->user.additional_gids == std::vector<std::uint32_t>{7});
  CHECK(config.process->capabilities->bounding.size() == 14);
  CHECK(config.process->capabilities->effective.empty());
  auto root = made({});
  CHECK(root.process->capabilities->effective.size() == 14);
  CHECK(root.process->capabilities->ambient.empty());
  CHECK(!root.linux_.masked_paths.empty());
}

TEST_CASE("limits: half a processor, and a memory limit that swap does not soften") {
  auto config = made({.cpu_quota = parse_cpus("0.5").value(),
                      .cpu_shares = 512,
                      .cpuset_cpus = "0-1",
                      .memory = parse_bytes("100M").value(),
                      .pids = 10});
  const auto& resources = *config.linux_.resources;
  CHECK(resources.cpu->quota == 50000);
  CHECK(resources.cpu->period == 100000);
  CHECK(resources.cpu->shares == 512);
  CHECK(resources.cpu->cpus == "0-1");
  CHECK(resources.memory->limit == 104857600);
  CHECK(resources.memory->swap == 104857600);
  CHECK(resources.pids->limit == 10);
  CHECK(!made({}).linux_.resources->memory);
  CHECK(!made({}).linux_.resources->cpu);
}

TEST_CASE("volumes are binds; the image's own are scratch space seeded from the image") {
  auto config = made({.volumes = {{"/host", "/data", true}, {"/h2", "/c2", false}}});
  CHECK(mount_at(config, "/data")->source == "/host");
  CHECK(has(mount_at(config, "/data")->options, "ro"));
  CHECK(has(mount_at(config, "/c2")->options, "rw"));
  CHECK(mount_at(config, "/cache")->type == "tmpfs");
  CHECK(has(mount_at(config, "/cache")->options, "tmpcopyup"));
}

TEST_CASE("rootless: the user is the container's root, and nobody else can be") {
  auto config = made({.rootless = HostIds{1000, 1001}});
  CHECK(config.linux_.uid_mappings == std::vector<spec::IdMapping>{{0, 1000, 1}});
  CHECK(config.linux_.gid_mappings == std::vector<spec::IdMapping>{{0, 1001, 1}});
  CHECK(config.process->user.additional_gids.empty());
  CHECK(!convert(sample(), {.uid = 5}, {.rootless = HostIds{1000, 1000}}));
}

TEST_CASE("the usual filter is there unless it is not wanted") {
  CHECK(made({}).linux_.seccomp);
  CHECK(!made({.default_seccomp = false}).linux_.seccomp);
}

TEST_CASE("processors are a number from 0.01 up") {
  CHECK(parse_cpus("0.25").value() == 25000);
  CHECK(parse_cpus("2").value() == 200000);
  for (const auto* bad : {"", "0", "-1", "0.001", "1e3", "1x", "nan", "inf", "99999999"})
    CHECK(!parse_cpus(bad));
}

TEST_CASE("sizes have units of 1024") {
  CHECK(parse_bytes("4096").value() == 4096);
  CHECK(parse_bytes("10k").value() == 10240);
  CHECK(parse_bytes("100M").value() == 104857600);
  CHECK(parse_bytes("100MiB").value() == 104857600);
  CHECK(parse_bytes("100mb").value() == 104857600);
  CHECK(parse_bytes("1.5G").value() == 1610612736);
  CHECK(parse_bytes("5b").value() == 5);
  for (const auto* bad : {"", "0", "-1", "M", "1x", "1ib", "1Mx", "99999999999999T", "nan"})
    CHECK(!parse_bytes(bad));
}

TEST_CASE("a volume has two absolute ends") {
  CHECK(parse_volume("/a:/b").value() == Volume{"/a", "/b", false});
  CHECK(parse_volume("/a:/b:ro").value() == Volume{"/a", "/b", true});
  for (const auto* bad : {"", "/a", "a:/b", "/a:b", "/a:/b:x", "/a:/b:ro:x", ":/b", "/a:/"})
    CHECK(!parse_volume(bad));
}
