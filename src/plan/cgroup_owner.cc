#include "plan/cgroup_owner.h"

#include <algorithm>

#include "plan/mounts.h"

namespace plan {
namespace {

// The specification goes by the source; the type only tells it from a bind mount of a folder that
// is called so.
bool is_writable_cgroup(const spec::Mount& mount) {
  auto says = [&](const char* option) {
    return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
  };
  return mount.source == "cgroup" && (mount.type == "cgroup" || mount.type == "cgroup2") &&
         below_root(mount.destination) == "sys/fs/cgroup" && !says("ro") && !says("rro");
}

}  // namespace

std::optional<std::uint32_t> cgroup_owner(const spec::Config& config, const Namespaces& namespaces,
                                          const Host& host) {
  bool writable = std::any_of(config.mounts.begin(), config.mounts.end(), is_writable_cgroup);
  if (host.cgroup.mode != CgroupMode::Unified || !namespaces.create_cgroup || !writable ||
      !config.process)
    return std::nullopt;
  return config.process->user.uid;
}

}  // namespace plan
