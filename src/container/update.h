// New limits for a container: in its cgroup, and in its record.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "container/record.h"
#include "spec/resources.h"

namespace container {

struct UpdateOptions {
  std::string root{};
  std::string id{};
  // A resources document, "-" for standard input; with it `wanted` is not looked at.
  // compat: runc
  std::string resources_file{};
  spec::Resources wanted{};
  std::string l3_cache_schema{};  // of linux.intelRdt
  std::string mem_bw_schema{};
};

// All the limits are in force afterwards, or those of before and the error says which could not be
// had. Device rules stay as they are. A container that neither runs nor waits nor is paused is an
// error with the words "container not running".
base::Status update(const UpdateOptions& options);

// The limits that are in force as far as the runtime has set them: those of config.json, or what
// updates have made of them (resources.json in the record).
base::Result<spec::Resources> limits_of(const Record& record);

}  // namespace container
