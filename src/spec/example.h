// The configuration that `runtime spec` writes, and that the bundler starts from.
#pragma once
#include "spec/config.h"

namespace spec {

// A shell in "rootfs" with the usual mounts, namespaces, masked paths and a small set of
// capabilities.
Config example_config();
// The same for an ordinary user: a user namespace that maps `uid` and `gid` to root, no network
// namespace of its own, no cgroup limits, /sys bound from the host.
Config rootless(Config config, std::uint32_t uid, std::uint32_t gid);

}  // namespace spec
