// The mounts that criu restores from, which nobody but criu sees and which are gone with it.
#pragma once
#include <string>

#include "base/result.h"
#include "plan/make.h"

namespace container {

// Below the folder of a record; the place of the root file system.
inline constexpr const char* kCriuRoot = "criu-root";

// Where an idmapped bind mount stands, below that folder, for criu to copy it with its map; empty
// for every other mount.
std::string staged_name(const plan::MountOp& op);

// In the process that is to be criu: a mount namespace of its own. In it the root file system is a
// mount (man: criu(8), --root), idmapped sources stand ready, and where the container has a user
// namespace its root owns the images, for its processes open them.
// folder: of the record, absolute. Gives the path of the images there.
base::Result<std::string> make_criu_mounts(const plan::Plan& plan, const std::string& folder,
                                           const std::string& images);

}  // namespace container
