// What `runtime features` prints, from the same tables that the reader and the planner use.
#pragma once
#include "base/json.h"

namespace spec {

// Facts that only the planner's tables and the build know; the commands fill them in.
struct FeatureFacts {
  std::vector<std::string> mount_options{};
  std::vector<std::string> capabilities{};
  std::string version{};
  std::string libseccomp_version{};
  std::vector<std::string> seccomp_flags{};  // that this kernel takes
};
// spec: features.md, features-linux.md
base::Json features(const FeatureFacts& facts);

}  // namespace spec
