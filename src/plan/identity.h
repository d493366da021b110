// How ids of the user namespace map to ours.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/host.h"
#include "plan/namespaces.h"
#include "spec/config.h"

namespace plan {

struct IdentityMaps {
  bool needed = false;    // a new user namespace is made
  std::string uid_map{};  // text for /proc/PID/uid_map
  std::string gid_map{};
  bool deny_setgroups = false;
  // The maps are beyond our own rights: newuidmap and newgidmap write them, with these arguments
  // after the pid.
  bool helpers = false;
  std::vector<std::string> uid_arguments{};
  std::vector<std::string> gid_arguments{};
  friend bool operator==(const IdentityMaps&, const IdentityMaps&) = default;
};

// spec: config-linux.md#user-namespace-mappings. man: user_namespaces(7)
base::Result<IdentityMaps> identity_maps(const spec::Linux& config, const Namespaces& namespaces,
                                         const Host& host);

}  // namespace plan
