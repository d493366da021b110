// What the configuration says of hooks.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spec {

// spec: config.md#posix-platform-hooks
struct Hook {
  std::string path{};
  std::vector<std::string> args{};  // argv whole, args[0] included; empty: the path alone
  std::vector<std::string> env{};
  std::optional<std::int32_t> timeout{};  // seconds, > 0
  friend bool operator==(const Hook&, const Hook&) = default;
};

struct Hooks {
  std::vector<Hook> prestart{};
  std::vector<Hook> create_runtime{};
  std::vector<Hook> create_container{};
  std::vector<Hook> start_container{};
  std::vector<Hook> poststart{};
  std::vector<Hook> poststop{};
  friend bool operator==(const Hooks&, const Hooks&) = default;
};

}  // namespace spec
