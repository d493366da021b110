// What this build and this kernel can do, for `runtime features` and `--version`.
#pragma once
#include <string>

#include "base/result.h"
#include "spec/features.h"

namespace container {

base::Result<spec::FeatureFacts> feature_facts();
std::string libseccomp_version();

}  // namespace container
