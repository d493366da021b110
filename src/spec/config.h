// Config: what the bundle asks for, as written; what is absent stays absent.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/hooks.h"
#include "spec/linux.h"
#include "spec/mounts.h"
#include "spec/process.h"

namespace spec {

// spec: config.md
struct Config {
  std::string oci_version{};
  std::optional<Root> root{};
  std::vector<Mount> mounts{};
  std::optional<Process> process{};
  std::string hostname{};
  std::string domainname{};
  Hooks hooks{};
  std::vector<std::pair<std::string, std::string>> annotations{};
  Linux linux_{};
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace spec
