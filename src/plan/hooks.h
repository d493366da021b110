// Which commands run at which moment.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "spec/hooks.h"

namespace plan {

struct Hook {
  std::string what{};  // "hooks.prestart[0]"
  std::string path{};
  std::vector<std::string> args{};
  std::vector<std::string> env{};
  std::string folder{};          // the working directory; empty: as it is
  std::optional<int> timeout{};  // milliseconds
  friend bool operator==(const Hook&, const Hook&) = default;
};

// spec: config.md#posix-platform-hooks
struct Hooks {
  std::vector<Hook> prestart{};          // runtime's namespaces, before pivot
  std::vector<Hook> create_runtime{};    // the same, after those
  std::vector<Hook> create_container{};  // init, before pivot
  std::vector<Hook> start_container{};   // init, before exec
  std::vector<Hook> poststart{};
  std::vector<Hook> poststop{};
  bool before_pivot() const { return !prestart.empty() || !create_runtime.empty(); }
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

// compat: the hooks that run outside of the root file system start in the bundle.
Hooks hooks(const spec::Hooks& config, const std::string& bundle);

}  // namespace plan
