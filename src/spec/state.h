// The State document: what `runtime state` prints and hooks get on standard input.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace spec {

// The version of the runtime specification that this runtime implements.
inline constexpr std::string_view kSpecVersion = "1.3.0";

// spec: runtime.md#state ("paused" is every runtime's addition)
enum class Status { Creating, Created, Running, Paused, Stopped };
std::string_view word(Status status);

struct State {
  std::string id{};
  Status status = Status::Creating;
  std::int64_t pid = 0;  // in the runtime's pid namespace; 0 when stopped
  std::string bundle{};  // absolute
  std::vector<std::pair<std::string, std::string>> annotations{};
};

// {"ociVersion","id","status","pid","bundle","annotations"}; annotations stay out when there are
// none.
base::Json write_state(const State& state);

}  // namespace spec
