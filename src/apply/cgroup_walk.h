// Walking through the groups inside a group.
#pragma once
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

struct GroupVisit {
  // Each group, before those inside it.
  std::function<base::Status(base::FdRef group)> enter{};
  // Each group but the first, after those inside it: the group above, and its name there.
  std::function<base::Status(base::FdRef above, const std::string& name)> leave{};
};

// With two descriptors and no recursion: how deep the tree is, is up to whoever is in the
// container. What vanishes meanwhile is passed over. `top` is open for reading.
base::Status walk_groups(base::Fd top, const GroupVisit& visit);

}  // namespace apply
