#include "engine/container_commands.h"

#include <algorithm>

#include "base/text.h"
#include "engine/commands.h"
#include "engine/journal.h"
#include "engine/life.h"
#include "engine/phase.h"

namespace engine {
namespace {

using base::Result;

Result<Words> named_or_all(const Context& context, const Words& names, bool all,
                           std::string_view command,
                           const std::function<bool(const Container&)>& wanted) {
  if (!all && names.empty()) return base::usage_error(command, ": a container must be named");
  if (!all) return names;
  Words out;
  for (const auto& container : TRY(Containers(context).list()))
    if (wanted(container)) out.push_back(container.record.id);
  return out;
}

bool runs(const Container& container) {
  auto phase = phase_now(container);
  return phase && (phase.value() == Phase::Running || phase.value() == Phase::Paused ||
                   phase.value() == Phase::Restarting);
}

}  // namespace

Result<int> execute(const Context& context, const StopCommand& command) {
  auto names = TRY(named_or_all(context, command.containers, command.all, "stop", runs));
  return each_container(context, names, [&](Container& container) -> Result<std::string> {
    TRY(stop(context, container, command.seconds));
    return container.record.name + "\n";
  });
}

Result<int> execute(const Context& context, const RestartCommand& command) {
  return each_container(context, command.containers,
                        [&](Container& container) -> Result<std::string> {
                          TRY(restart(context, container, command.seconds));
                          return container.record.name + "\n";
                        });
}

Result<int> execute(const Context& context, const KillCommand& command) {
  return each_container(context, command.containers,
                        [&](Container& container) -> Result<std::string> {
                          TRY(kill(context, container, command.signal));
                          return container.record.name + "\n";
                        });
}

Result<int> execute(const Context& context, const RemoveCommand& command) {
  auto names = TRY(
      named_or_all(context, command.containers, command.all, "rm",
                   [&](const Container& container) { return command.force || !runs(container); }));
  return each_container(context, names, [&](Container& container) -> Result<std::string> {
    auto name = container.record.name;
    TRY(remove(context, container, {.force = command.force, .volumes = command.volumes}));
    return name + "\n";
  });
}

Result<int> execute(const Context& context, const WaitCommand& command) {
  return each_container(context, command.containers,
                        [&](Container& container) -> Result<std::string> {
                          auto code = TRY(wait_for_end(context, container));
                          return base::cat(code, "\n");
                        });
}

Result<int> execute(const Context& context, const PauseCommand& command) {
  return each_container(context, command.containers,
                        [&](Container& container) -> Result<std::string> {
                          TRY(pause(context, container));
                          return container.record.name + "\n";
                        });
}

Result<int> execute(const Context& context, const UnpauseCommand& command) {
  return each_container(context, command.containers,
                        [&](Container& container) -> Result<std::string> {
                          TRY(unpause(context, container));
                          return container.record.name + "\n";
                        });
}

Result<int> execute(const Context& context, const RenameCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  TRY(container.lock());
  auto former = container.record.name;
  TRY(Containers(context).rename(container, command.name));
  note_event(context, container.record, "rename", {{"oldName", former}});
  return 0;
}

Result<int> execute(const Context& context, const FinishCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  TRY(finish(context, container, command.run));
  return 0;
}

}  // namespace engine
