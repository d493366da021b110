#include "plan/identity.h"

#include <linux/capability.h>
#include <linux/sched.h>

namespace plan {
namespace {

using spec::IdMapping;

std::string map_text(const std::vector<IdMapping>& mappings) {
  std::string text;
  for (const auto& m : mappings)
    text += base::cat(m.container_id, " ", m.host_id, " ", m.size, "\n");
  return text;
}

std::vector<std::string> helper_arguments(const std::vector<IdMapping>& mappings) {
  std::vector<std::string> out;
  for (const auto& m : mappings)
    for (auto n : {m.container_id, m.host_id, m.size}) out.push_back(base::cat(n));
  return out;
}

// What a process without rights over other ids may write: its own id, once.
bool own_id_only(const std::vector<IdMapping>& mappings, std::uint32_t own) {
  return mappings.size() == 1 && mappings[0].host_id == own && mappings[0].size == 1;
}

}  // namespace

base::Result<IdentityMaps> identity_maps(const spec::Linux& config, const Namespaces& namespaces,
                                         const Host& host) {
  IdentityMaps out;
  if (!namespaces.creates(CLONE_NEWUSER)) return out;
  out.needed = true;
  if (config.uid_mappings.empty() || config.gid_mappings.empty())
    return base::config_error(
        "linux.uidMappings and linux.gidMappings: a new user namespace needs both");
  out.uid_map = map_text(config.uid_mappings);
  out.gid_map = map_text(config.gid_mappings);
  constexpr std::uint64_t kBoth = 1ULL << CAP_SETUID | 1ULL << CAP_SETGID;
  if ((host.held_capabilities & kBoth) == kBoth) return out;
  if (own_id_only(config.uid_mappings, host.uid) && own_id_only(config.gid_mappings, host.gid)) {
    out.deny_setgroups = true;
    return out;
  }
  out.helpers = true;
  out.uid_arguments = helper_arguments(config.uid_mappings);
  out.gid_arguments = helper_arguments(config.gid_mappings);
  return out;
}

}  // namespace plan
