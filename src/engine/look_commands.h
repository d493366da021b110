// The commands that look into containers.
#pragma once
#include "base/result.h"
#include "engine/context.h"
#include "engine/look_command.h"

namespace engine {

base::Result<int> execute(const Context& context, const LogsCommand& command);
base::Result<int> execute(const Context& context, const ExecCommand& command);
base::Result<int> execute(const Context& context, const TopCommand& command);
base::Result<int> execute(const Context& context, const StatsCommand& command);
base::Result<int> execute(const Context& context, const InspectCommand& command);
base::Result<int> execute(const Context& context, const DiffCommand& command);
base::Result<int> execute(const Context& context, const CopyCommand& command);
base::Result<int> execute(const Context& context, const ExportCommand& command);
base::Result<int> execute(const Context& context, const CommitCommand& command);
base::Result<int> execute(const Context& context, const EventsCommand& command);

}  // namespace engine
