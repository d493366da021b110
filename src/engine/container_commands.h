// The commands on containers.
#pragma once
#include "base/result.h"
#include "engine/container_command.h"
#include "engine/context.h"

namespace engine {

base::Result<int> execute(const Context& context, const RunCommand& command);
base::Result<int> execute(const Context& context, const CreateCommand& command);
base::Result<int> execute(const Context& context, const StartCommand& command);
base::Result<int> execute(const Context& context, const AttachCommand& command);
base::Result<int> execute(const Context& context, const StopCommand& command);
base::Result<int> execute(const Context& context, const RestartCommand& command);
base::Result<int> execute(const Context& context, const KillCommand& command);
base::Result<int> execute(const Context& context, const RemoveCommand& command);
base::Result<int> execute(const Context& context, const WaitCommand& command);
base::Result<int> execute(const Context& context, const PauseCommand& command);
base::Result<int> execute(const Context& context, const UnpauseCommand& command);
base::Result<int> execute(const Context& context, const RenameCommand& command);
base::Result<int> execute(const Context& context, const PsCommand& command);
base::Result<int> execute(const Context& context, const FinishCommand& command);

}  // namespace engine
