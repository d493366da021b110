#include "spec/state.h"

#include <array>

#include "base/named.h"

namespace spec {

namespace {
constexpr auto kStatuses = std::to_array<base::Named<Status>>({
    {"creating", Status::Creating},
    {"created", Status::Created},
    {"running", Status::Running},
    {"paused", Status::Paused},
    {"stopped", Status::Stopped},
});
}  // namespace

std::string_view word(Status status) { return base::word_of(kStatuses, status); }

base::Json write_state(const State& state) {
  auto json = base::Json::object();
  json.set("ociVersion", kSpecVersion)
      .set("id", state.id)
      .set("status", word(state.status))
      .set("pid", state.pid)
      .set("bundle", state.bundle)
      .set_some("annotations", state.annotations);
  return json;
}

}  // namespace spec
