// A container as docker's `inspect` shows it.
#pragma once
#include "base/json.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "engine/phase.h"
#include "spec/config.h"

namespace engine {

// compat: docker inspect
base::Json container_json(const Container& container, const spec::Config& config, Phase phase);

}  // namespace engine
