// What a container changed in the files of its image.
#pragma once
#include <string>
#include <vector>

#include "image/changes.h"

namespace engine {

// Without what only holds mounts: files and folders that were added for them to stand on, and the
// folders above that changed by that alone. Pure. compat: docker diff
std::vector<image::Change> without_mount_points(std::vector<image::Change> changes,
                                                const std::vector<std::string>& destinations);

}  // namespace engine
