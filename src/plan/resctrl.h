// linux.intelRdt → the group of the resctrl file system that the container is in, and its texts.
// Linux: arch/x86/resctrl
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/host.h"
#include "spec/linux.h"

namespace plan {

struct ResctrlPlan {
  std::string mount{};  // of the file system
  std::string group{};  // a directory in it; empty: the file system's root
  bool must_exist = false;
  // A group with a closID is shared: it outlives the container, even if the container made it.
  bool lasting = false;
  // For the `schemata` file, a write each, in this order; a group that is there must have them.
  std::vector<std::string> schemata{};
  std::string monitor{};  // a directory in the group's mon_groups; empty: none
  friend bool operator==(const ResctrlPlan&, const ResctrlPlan&) = default;
};

// Nothing where the configuration says nothing. An error where no resctrl file system is mounted.
// spec: config-linux.md#intelrdt
base::Result<std::optional<ResctrlPlan>> resctrl(const spec::Linux& config, const Host& host,
                                                 const Request& request);

// The texts for the `schemata` file: l3CacheSchema, memBwSchema, all of schemata; those that there
// are. Also what `update` writes.
std::vector<std::string> resctrl_schemata(const spec::IntelRdt& config);

// The first line of `wanted` that `present`, the text of a `schemata` file, does not say; a domain
// that a line leaves out may have any value.
std::optional<std::string> resctrl_difference(std::string_view present, std::string_view wanted);

}  // namespace plan
