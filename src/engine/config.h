// The user's wishes → the runtime's configuration.
#pragma once
#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "engine/make_command.h"
#include "image/convert.h"
#include "spec/config.h"

namespace engine {

// What of the wishes the image layer knows how to convert. Kind::Usage names the option.
base::Result<image::ConvertOptions> convert_options(const Context& context,
                                                    const MakeCommand& command);

// All the rest, onto what image::convert made: the container's record gets what later commands need
// (volumes, labels, restart, stop, log, joins), the configuration what the runtime does. Volumes
// that are missing are made. The container's hosts, hostname and resolv.conf are bound over those
// in /etc. `root` is the root file system for reading, without what volumes hide.
base::Status configure(const Context& context, const MakeCommand& command,
                       const image::ImageConfig& image, base::FdRef root, Container& container,
                       spec::Config& config);

}  // namespace engine
