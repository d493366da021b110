// The options of cgroup2 (nsdelegate, memory_recursiveprot …). All its mounts share them: whoever
// mounts it without an option takes the option from all.
#pragma once
#include <string>

#include "base/result.h"

namespace apply {

class UnifiedOptions {
 public:
  // As they are; none where cgroup2 is not mounted.
  static base::Result<UnifiedOptions> read();
  // Makes them what was read, where they are that no longer. man: fspick(2), cgroups(7)
  base::Status put_back() const;

 private:
  std::string mount_{};
  std::string options_{};  // "rw,nsdelegate"
};

}  // namespace apply
