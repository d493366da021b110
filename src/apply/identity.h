// Writes the maps of a new user namespace, from outside it.
#pragma once
#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "fs/proc.h"
#include "plan/identity.h"

namespace apply {

// Maps the ids of the user namespace that process `pid` has just made. With plan.helpers, newuidmap
// and newgidmap of `search_path` (a PATH) do it. man: newuidmap(1)
base::Status map_identity(const plan::IdentityMaps& plan, pid_t pid, const fs::Proc& proc,
                          const std::string& search_path);

}  // namespace apply
