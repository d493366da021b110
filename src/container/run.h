// create and start in one, and in the foreground also wait and delete.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "container/create.h"

namespace container {

struct RunOptions {
  CreateOptions create{};
  bool detach = false;
  bool keep = false;          // leave the stopped container
  bool no_subreaper = false;  // leave its orphans to whoever else reaps
};

// The exit status of the process; 0 when detached.
base::Result<int> run(RunOptions options, std::vector<std::string>& warnings);

}  // namespace container
