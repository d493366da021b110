// Shared by the files that plan cgroup limits: a controller that may be absent, and its writes.
#pragma once
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/cgroup.h"
#include "plan/cgroup_host.h"
#include "spec/resources.h"

namespace plan {

// One controller, wherever it is; writing to it is an error if it is nowhere.
class Controller {
 public:
  Controller(const CgroupHost& host, std::string_view name, std::string_view block,
             std::vector<CgroupWrite>& out)
      : name_(name), block_(block), hierarchy_(host.with(name)), out_(out) {}

  bool v2() const { return hierarchy_ && hierarchy_->v2; }
  // "linux.resources.memory.limit" of the member "limit" in the block "memory."
  std::string what(std::string_view member) const {
    return base::cat("linux.resources.", block_, member);
  }
  // Adds a write, whose `what` is still the member's name.
  Status add(CgroupWrite write);
  // The error of a member that v2 has no counterpart for.
  // spec: config-linux.md#unified: a conversion that is not possible is an error
  base::Error no_counterpart(std::string_view member) const;

 private:
  std::string name_;
  std::string block_;
  const CgroupHierarchy* hierarchy_;
  std::vector<CgroupWrite>& out_;
};

// cpu.weight of cpu.shares: 2 is 1, 1024 is 100, 262144 is 10000, and a smooth curve between.
std::uint64_t weight_from_shares(std::uint64_t shares);
// io.weight (1 to 10000) of a blkio weight (10 to 1000).
std::uint64_t io_weight(std::uint64_t blkio_weight);

Status memory_limits(const spec::Memory& memory, Controller controller);
Status cpu_limits(const spec::Cpu& cpu, Controller controller);
Status cpuset_limits(const spec::Cpu& cpu, Controller controller);
Status block_io_limits(const spec::BlockIo& block_io, Controller controller);

}  // namespace plan
