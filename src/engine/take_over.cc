// What a start left that was killed: its engine noted the processes before it had them run.
#include "base/json.h"
#include "engine/clock.h"
#include "engine/journal.h"
#include "engine/life.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"
#include "engine/undo.h"

namespace engine {
namespace {

using base::Kind;
using base::Result;
using base::Status;

bool is_noted(const State& state) {
  return state.phase == Phase::Running || state.phase == Phase::Paused;
}

// "created", "running", … ; empty where the runtime does not know it.
Result<std::string> runtime_status(const Context& context, const Container& container) {
  auto said = call_runtime(context, container, {"state", container.record.id});
  if (!said && said.error().kind() == Kind::NotFound) return std::string();
  auto text = TRY(std::move(said));
  auto json = TRY(base::parse_json(text), "runtime state");
  auto status = TRY(base::Place(json).at("status"), "runtime state");
  return TRY(status.string(), "runtime state");
}

}  // namespace

Status take_over(const Context& context, Container& container) {
  auto& state = container.record.state;
  if (is_noted(state)) return {};
  auto init = TRY(open_process(state.init, state.boot));
  if (!init) return {};
  auto status = TRY(runtime_status(context, container));
  if (status == "stopped") return {};  // its monitor is about to finish it
  bool began = status == "running" || status == "paused";
  if (began) {
    state.phase = Phase::Running;
    state.exit_code = 0;
    state.error.clear();
  } else {
    undo_unfinished(context, container);
    state.phase = state.finished.empty() ? Phase::Created : Phase::Exited;
    state.init = state.monitor = state.network = {};
  }
  // Where that cannot be noted, the next one finds it again.
  if (auto saved = container.save(); !saved) context.tell(saved.error().text());
  if (began) note_event(context, container.record, "start");
  return {};
}

Status settle_start(const Context& context, Container& container) {
  const auto& state = container.record.state;
  auto init = TRY(open_process(state.init, state.boot));
  if (is_noted(state) || !init) return {};
  bool locked = TRY(container.try_lock());
  if (!locked) return container.reload();  // its start is under way
  auto taken = take_over(context, container);
  container.unlock();
  return taken;
}

}  // namespace engine
