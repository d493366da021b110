// Which namespaces to make, which to join, in which order.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/host.h"
#include "spec/config.h"

namespace plan {

struct Join {
  std::uint64_t flag = 0;  // CLONE_NEW…
  std::string path{};
  std::string what{};  // "linux.namespaces[2]"
  friend bool operator==(const Join&, const Join&) = default;
};

struct Namespaces {
  std::uint64_t create = 0;  // CLONE_NEW… for the clone of init: all that can be made there
  // Made by init itself once it stands in its cgroup, which becomes the root of the namespace.
  bool create_cgroup = false;
  // Made by the stage process, since offsets are only taken before the first process enters.
  bool create_time = false;
  std::string time_offsets{};  // text for /proc/self/timens_offsets
  std::vector<Join> join{};    // by the stage process, in this order

  // Whether a short-lived stage process has to stand between the runtime and init.
  bool stage() const { return create_time || !join.empty(); }
  bool creates(std::uint64_t flag) const { return create & flag; }
  bool joins(std::uint64_t flag) const;
  // Whether the container has one of its own, made or joined.
  bool has(std::uint64_t flag) const { return creates(flag) || joins(flag); }
  friend bool operator==(const Namespaces&, const Namespaces&) = default;
};

// spec: config-linux.md#namespaces, #offset-for-time-namespace
base::Result<Namespaces> namespaces(const spec::Linux& config, const Host& host);

// CLONE_NEW… of this type.
std::uint64_t namespace_flag(spec::NamespaceType type);

}  // namespace plan
