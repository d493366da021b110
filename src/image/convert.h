// Image configuration + the user's wishes → runtime configuration. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/image_config.h"
#include "image/users.h"
#include "spec/config.h"

namespace image {

// A folder or file of the host in the container.
struct Volume {
  std::string host{};       // absolute
  std::string container{};  // absolute
  bool read_only = false;
  friend bool operator==(const Volume&, const Volume&) = default;
};

struct HostIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// What the command line adds to the image's configuration; what is absent stays as the image has
// it.
struct ConvertOptions {
  std::vector<std::string> command{};                    // in place of Cmd
  std::optional<std::vector<std::string>> entrypoint{};  // in place of Entrypoint; drops Cmd too
  std::vector<std::string> env{};                        // "NAME=VALUE"
  std::string workdir{};                                 // absolute
  std::string user{};                                    // as in User
  std::string hostname{};                                // default: "container"
  std::vector<Volume> volumes{};
  bool tty = false;
  bool read_only = false;                   // the root file system
  std::optional<std::int64_t> cpu_quota{};  // microseconds in 100,000: parse_cpus
  std::optional<std::uint64_t> cpu_shares{};
  std::string cpuset_cpus{};             // "0-2,4"
  std::optional<std::int64_t> memory{};  // bytes: parse_bytes
  std::optional<std::int64_t> pids{};
  std::optional<HostIds> rootless{};  // the user to map to the container's root
  bool default_seccomp = true;        // the usual filter profile
  bool image_volumes = true;          // in memory; without, the caller sees to them
};

// "0.5" → 50000 microseconds of every 100,000; Kind::Usage for what is no number from 0.001 up.
base::Result<std::int64_t> parse_cpus(std::string_view text);
// base::parse_size, and zero is refused too.
base::Result<std::int64_t> parse_bytes(std::string_view text);
// "HOST:CONTAINER[:ro|rw]", both absolute. Kind::Usage.
base::Result<Volume> parse_volume(std::string_view text);

// The name that User must be resolved by: the option's, else the image's.
std::string wanted_user(const ImageConfig& image, const ConvertOptions& options);

// spec: conversion.md. Kind::Config when neither the image nor the options say what to run.
base::Result<spec::Config> convert(const ImageConfig& image, const ResolvedUser& user,
                                   const ConvertOptions& options);

}  // namespace image
