// The config.json of a container's bundle.
#pragma once
#include "base/result.h"
#include "engine/containers.h"
#include "spec/config.h"

namespace engine {

base::Result<spec::Config> read_bundle_config(const Container& container);
base::Status write_bundle_config(const Container& container, const spec::Config& config);

}  // namespace engine
