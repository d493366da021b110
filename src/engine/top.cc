// The processes of a container.
#include "engine/commands.h"
#include "engine/look_commands.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"

namespace engine {

base::Result<int> execute(const Context& context, const TopCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  auto phase = TRY(phase_now(container));
  if (phase != Phase::Running && phase != Phase::Paused)
    return base::state_error("container ", container.record.name, " is not running");
  Words words{"ps", container.record.id};
  words.insert(words.end(), command.options.begin(), command.options.end());
  auto text = TRY(call_runtime(context, container, words), "top");
  TRY(print(text));
  return 0;
}

}  // namespace engine
