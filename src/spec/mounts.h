// What the configuration says of the root file system and of mounts.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace spec {

// spec: config-linux.md#user-namespace-mappings
struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

// spec: config.md#root
struct Root {
  std::string path{};
  bool readonly = false;
  friend bool operator==(const Root&, const Root&) = default;
};

// spec: config.md#mounts
struct Mount {
  std::string destination{};
  std::string type{};
  std::string source{};
  std::vector<std::string> options{};
  std::vector<IdMapping> uid_mappings{};
  std::vector<IdMapping> gid_mappings{};
  friend bool operator==(const Mount&, const Mount&) = default;
};

}  // namespace spec
