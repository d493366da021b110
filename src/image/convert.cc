#include "image/convert.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/units.h"
#include "spec/default_seccomp.h"
#include "spec/example.h"

namespace image {
namespace {

constexpr std::int64_t kCpuPeriod = 100'000;  // microseconds
constexpr double kLeastCpus = 0.01;           // man: sched(7): a quota of 1 ms is the least
constexpr double kMostCpus = 1'000'000;
constexpr std::string_view kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::string_view kAnnotation = "org.opencontainers.image.";

// What Docker, podman and containerd give a container that asks for nothing.
constexpr std::array<std::string_view, 14> kCapabilities = {
    "CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
    "CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
    "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};

// spec: config-linux.md#default-devices: what is there anyway must also be usable.
struct AllowedDevice {
  std::string_view type;
  std::optional<std::int64_t> major;
  std::optional<std::int64_t> minor;
  std::string_view access;
};
constexpr std::array kDevices = {
    AllowedDevice{"c", {}, {}, "m"},  // mknod alone opens nothing
    AllowedDevice{"b", {}, {}, "m"},    AllowedDevice{"c", 1, 3, "rwm"},  // null
    AllowedDevice{"c", 1, 5, "rwm"},                                      // zero
    AllowedDevice{"c", 1, 7, "rwm"},                                      // full
    AllowedDevice{"c", 1, 8, "rwm"},                                      // random
    AllowedDevice{"c", 1, 9, "rwm"},                                      // urandom
    AllowedDevice{"c", 5, 0, "rwm"},                                      // tty
    AllowedDevice{"c", 5, 2, "rwm"},                                      // ptmx
    AllowedDevice{"c", 136, {}, "rwm"},                                   // pts/*
};

std::string_view name_of(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

bool has_name(const std::vector<std::string>& env, std::string_view name) {
  return std::any_of(env.begin(), env.end(),
                     [&](const std::string& entry) { return name_of(entry) == name; });
}

void assign(std::vector<std::string>& env, const std::string& entry) {
  for (auto& present : env)
    if (name_of(present) == name_of(entry)) {
      present = entry;
      return;
    }
  env.push_back(entry);
}

// spec: conversion.md#verbatim-fields: what the image sets, no default replaces.
base::Result<std::vector<std::string>> environment(const ImageConfig& image,
                                                   const ResolvedUser& user,
                                                   const ConvertOptions& options) {
  std::vector<std::string> out;
  if (!has_name(image.config.env, "PATH")) out.emplace_back(kPath);
  for (const auto& entry : image.config.env) assign(out, entry);
  if (options.tty && !has_name(out, "TERM")) out.emplace_back("TERM=xterm");
  for (const auto& entry : options.env) {
    if (entry.find('=', 1) == std::string::npos)
      return base::usage_error("environment: must be NAME=VALUE, got ", base::quote(entry));
    assign(out, entry);
  }
  if (!has_name(out, "HOME")) out.push_back(base::cat("HOME=", user.home));
  return out;
}

// spec: config.md#properties (Entrypoint, Cmd). As in Docker: an entrypoint of the user's does not
// get the image's Cmd, which was written for another.
base::Result<std::vector<std::string>> arguments(const ImageConfig& image,
                                                 const ConvertOptions& options) {
  auto out = options.entrypoint.value_or(image.config.entrypoint);
  std::erase(out, std::string());
  auto rest = options.command;
  if (rest.empty() && !options.entrypoint) rest = image.config.cmd;
  out.insert(out.end(), rest.begin(), rest.end());
  if (out.empty())
    return base::config_error("the image names no program to run, and no command was given");
  return out;
}

// spec: conversion.md#annotation-fields
std::vector<std::pair<std::string, std::string>> annotations(const ImageConfig& image) {
  auto out = image.config.labels;
  auto add = [&](std::string_view word, const std::string& value) {
    auto key = base::cat(kAnnotation, word);
    bool known = std::any_of(out.begin(), out.end(), [&](const auto& a) { return a.first == key; });
    if (!value.empty() && !known) out.emplace_back(std::move(key), value);
  };
  add("os", image.platform.os);
  add("architecture", image.platform.architecture);
  add("variant", image.platform.variant);
  add("os.version", image.platform.os_version);
  add("os.features", base::join(image.platform.os_features, ","));
  add("author", image.author);
  add("created", image.created);
  add("stopSignal", image.config.stop_signal);
  add("exposedPorts", base::join(image.config.exposed_ports, ","));
  return out;
}

base::Result<spec::Process> process(const ImageConfig& image, const ResolvedUser& user,
                                    const ConvertOptions& options) {
  spec::Process out;
  out.terminal = options.tty;
  out.user.uid = user.uid;
  out.user.gid = user.gid;
  out.user.additional_gids = user.additional_gids;
  out.args = TRY(arguments(image, options));
  out.env = TRY(environment(image, user, options));
  out.cwd = !options.workdir.empty() ? options.workdir : image.config.working_dir;
  if (out.cwd.empty()) out.cwd = "/";
  if (!out.cwd.starts_with('/'))
    return base::config_error("the working folder ", base::quote(out.cwd), " is not absolute");
  auto& capabilities = out.capabilities.emplace();
  capabilities.bounding.assign(kCapabilities.begin(), kCapabilities.end());
  // Another user than root gets them where a program has them, and not by itself.
  if (user.uid == 0) {
    capabilities.effective = capabilities.bounding;
    capabilities.permitted = capabilities.bounding;
  }
  return out;
}

spec::DeviceRule device_rule(const AllowedDevice& device) {
  spec::DeviceRule out;
  out.allow = true;
  out.type = device.type;
  out.major = device.major;
  out.minor = device.minor;
  out.access = device.access;
  return out;
}

void limits(const ConvertOptions& options, spec::Config& out) {
  if (!options.rootless) {
    auto& resources = out.linux_.resources.emplace();
    spec::DeviceRule none;
    none.access = "rwm";
    resources.devices = {none};
    for (const auto& device : kDevices) resources.devices.push_back(device_rule(device));
  }
  auto resources = [&]() -> spec::Resources& {
    return out.linux_.resources ? *out.linux_.resources : out.linux_.resources.emplace();
  };
  if (options.memory) {
    // With swap counted in, so that the limit bites where there is swap.
    auto& memory = resources().memory.emplace();
    memory.limit = options.memory;
    memory.swap = options.memory;
  }
  if (options.cpu_quota || options.cpu_shares || !options.cpuset_cpus.empty()) {
    auto& cpu = resources().cpu.emplace();
    cpu.quota = options.cpu_quota;
    if (options.cpu_quota) cpu.period = kCpuPeriod;
    cpu.shares = options.cpu_shares;
    cpu.cpus = options.cpuset_cpus;
  }
  if (options.pids) resources().pids.emplace().limit = options.pids;
}

bool mounted(const spec::Config& config, std::string_view destination) {
  return std::any_of(config.mounts.begin(), config.mounts.end(),
                     [&](const spec::Mount& m) { return m.destination == destination; });
}

void volumes(const ImageConfig& image, const ConvertOptions& options, spec::Config& out) {
  for (const auto& volume : options.volumes) {
    spec::Mount mount;
    mount.destination = volume.container;
    mount.type = "bind";
    mount.source = volume.host;
    mount.options = {"rbind", "rprivate", volume.read_only ? "ro" : "rw"};
    out.mounts.push_back(std::move(mount));
  }
  if (!options.image_volumes) return;
  // spec: conversion.md#optional-fields: volumes of the image keep data out of the root file
  // system; what the image has there is the start of it.
  for (const auto& destination : image.config.volumes) {
    if (!destination.starts_with('/') || mounted(out, destination)) continue;
    spec::Mount mount;
    mount.destination = destination;
    mount.type = "tmpfs";
    mount.source = "tmpfs";
    mount.options = {"nosuid", "nodev", "tmpcopyup"};
    out.mounts.push_back(std::move(mount));
  }
}

}  // namespace

base::Result<std::int64_t> parse_cpus(std::string_view text) {
  double cpus = 0;
  auto end = text.data() + text.size();
  auto [rest, failure] = std::from_chars(text.data(), end, cpus, std::chars_format::fixed);
  if (failure != std::errc{} || rest != end || !(cpus >= kLeastCpus) || cpus > kMostCpus)
    return base::usage_error("must be a number of processors from 0.01 up, got ",
                             base::quote(text));
  return std::llround(cpus * static_cast<double>(kCpuPeriod));
}

base::Result<std::int64_t> parse_bytes(std::string_view text) {
  auto bytes = TRY(base::parse_size(text));
  if (bytes == 0) return base::usage_error("must be a size above zero");
  return bytes;
}

base::Result<Volume> parse_volume(std::string_view text) {
  auto parts = base::split(text, ':');
  bool options_known =
      parts.size() == 2 || (parts.size() == 3 && (parts[2] == "ro" || parts[2] == "rw"));
  if (!options_known || !parts[0].starts_with('/') || !parts[1].starts_with('/') ||
      parts[1].find_first_not_of('/') == std::string_view::npos)
    return base::usage_error("must be HOST:CONTAINER[:ro|rw], both absolute, got ",
                             base::quote(text));
  return Volume{std::string(parts[0]), std::string(parts[1]),
                parts.size() == 3 && parts[2] == "ro"};
}

std::string wanted_user(const ImageConfig& image, const ConvertOptions& options) {
  return options.user.empty() ? image.config.user : options.user;
}

base::Result<spec::Config> convert(const ImageConfig& image, const ResolvedUser& user,
                                   const ConvertOptions& options) {
  auto out = spec::example_config();
  // compat: crun before 1.9 (Debian 12's) refuses bundles of every other version.
  out.oci_version = "1.0.2";
  out.root = spec::Root{.path = "rootfs", .readonly = options.read_only};
  out.hostname = options.hostname.empty() ? "container" : options.hostname;
  out.annotations = annotations(image);
  out.process = TRY(process(image, user, options));
  if (options.rootless) {
    if (user.uid != 0 || user.gid != 0)
      return base::unsupported("rootless: only root can be mapped, and the image wants user ",
                               user.uid, ", group ", user.gid, " (say --user 0:0)");
    out = spec::rootless(std::move(out), options.rootless->uid, options.rootless->gid);
    // man: user_namespaces(7): without setgroups(2) there are no additional groups.
    out.process->user.additional_gids.clear();
  }
  limits(options, out);
  volumes(image, options, out);
  if (options.default_seccomp)
    out.linux_.seccomp = spec::default_seccomp(out.process->capabilities->bounding);
  return out;
}

}  // namespace image
