// Makes a container out of what checkpoint wrote to disk, through criu.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "container/criu_run.h"
#include "container/group.h"

namespace container {

struct RestoreOptions {
  ImageOptions image{};
  std::string bundle{};
  std::string console_socket{};
  std::string pid_file{};
  bool systemd_cgroup = false;
  BusEnvironment bus{};
  bool no_cgroup = false;
  bool detach = false;
  bool no_subreaper = false;
  bool no_pivot = false;  // criu enters the root file system in its own way
  bool debug = false;
  int preserve_fds = 0;
};

// The exit status of the restored container, which is deleted then; 0 when detached and it runs. A
// stopped container of this id that was checkpointed gives way. When it fails nothing is left.
base::Result<int> restore(const RestoreOptions& options, std::vector<std::string>& warnings);

}  // namespace container
