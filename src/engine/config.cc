#include "engine/config.h"

#include <algorithm>

#include "base/text.h"

namespace engine {

base::Result<image::ConvertOptions> convert_options(const MakeCommand& command) {
  image::ConvertOptions out{.command = command.command,
                            .env = command.process.env,
                            .workdir = command.process.workdir,
                            .user = command.process.user,
                            .hostname = command.namespaces.hostname,
                            .tty = command.tty,
                            .read_only = command.files.read_only};
  return out;
}

base::Status configure(const Context&, const MakeCommand&, const image::ImageConfig&, base::FdRef,
                       Container& container, spec::Config& config) {
  auto& record = container.record;
  if (record.network.mode == NetworkMode::Host)
    std::erase_if(config.linux_.namespaces,
                  [](const auto& one) { return one.type == spec::NamespaceType::Network; });
  config.linux_.cgroups_path = "/coracle-" + record.id;
  return {};
}

}  // namespace engine
