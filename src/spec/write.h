// Config → JSON, as the bundler and `runtime spec` write it; reading it again gives the same
// Config.
#pragma once
#include "base/json.h"
#include "spec/config.h"

namespace spec {

base::Json write_config(const Config& config);
base::Json write_process(const Process& process);
base::Json write_resources(const Resources& resources);

}  // namespace spec
