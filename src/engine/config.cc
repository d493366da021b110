#include "engine/config.h"

#include "base/text.h"
#include "engine/config_parts.h"
#include "engine/variables.h"
#include "spec/check.h"

namespace engine {

base::Result<image::ConvertOptions> convert_options(const Context& context,
                                                    const MakeCommand& command) {
  image::ConvertOptions out{.command = command.command,
                            .workdir = command.process.workdir,
                            .user = command.process.user,
                            .hostname = command.namespaces.hostname,
                            .tty = command.tty,
                            .read_only = command.files.read_only,
                            .default_seccomp = false,
                            .image_volumes = false};
  out.env = TRY(read_variables(command.process.env, command.process.env_files,
                               context.environment.variables));
  if (const auto& entrypoint = command.process.entrypoint) {
    out.entrypoint.emplace();
    if (!entrypoint->empty()) out.entrypoint->push_back(*entrypoint);
  }
  return out;
}

base::Status configure(const Context& context, const MakeCommand& command,
                       const image::ImageConfig& image, base::FdRef root, Container& container,
                       spec::Config& config) {
  auto& record = container.record;
  if (command.process.init && command.namespaces.pid.starts_with("container:"))
    return base::usage_error("--init: needs a process list of the container's own");
  TRY(configure_life(command.life, image, record, config));
  TRY(configure_namespaces(context, command.namespaces, record, config));
  // compat: docker: the init that --init adds is not what the user asked for
  record.command = config.process->args;
  TRY(configure_process(context, command.process, root, config));
  TRY(configure_security(command.process, config));
  TRY(configure_devices(command.files, command.process.privileged, config));
  TRY(apply_limits(command.limits, *config.linux_.resources));
  // Last, since it makes what stays when the rest fails: volumes, folders of the host.
  TRY(configure_mounts(context, command.files, image, root, container, config));
  return spec::check(config);
}

}  // namespace engine
