// The commands on images.
#pragma once
#include "base/result.h"
#include "engine/context.h"
#include "engine/image_command.h"

namespace engine {

base::Result<int> execute(const Context& context, const PullImagesCommand& command);
base::Result<int> execute(const Context& context, const PushImageCommand& command);
base::Result<int> execute(const Context& context, const ListImagesCommand& command);
base::Result<int> execute(const Context& context, const RemoveImagesCommand& command);
base::Result<int> execute(const Context& context, const TagImageCommand& command);
base::Result<int> execute(const Context& context, const SaveCommand& command);
base::Result<int> execute(const Context& context, const LoadCommand& command);
base::Result<int> execute(const Context& context, const ImportImageCommand& command);
base::Result<int> execute(const Context& context, const HistoryCommand& command);
base::Result<int> execute(const Context& context, const LogInCommand& command);
base::Result<int> execute(const Context& context, const LogOutCommand& command);
base::Result<int> execute(const Context& context, const InfoCommand& command);
base::Result<int> execute(const Context& context, const VersionCommand& command);

}  // namespace engine
