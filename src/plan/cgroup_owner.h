// To whom the container's cgroup belongs.
#pragma once
#include <cstdint>
#include <optional>

#include "plan/host.h"
#include "plan/namespaces.h"
#include "spec/config.h"

namespace plan {

// The user of the container's process (process.user.uid, as the container counts), where the
// container is to manage its own groups: on a v2 host, with a cgroup namespace of its own, and
// "cgroup" mounted on /sys/fs/cgroup without "ro". Otherwise the owner stays whom the kernel makes
// it.
// spec: config-linux.md#cgroup-ownership
std::optional<std::uint32_t> cgroup_owner(const spec::Config& config, const Namespaces& namespaces,
                                          const Host& host);

}  // namespace plan
