#include "engine/cli_make_options.h"

#include <CLI/CLI.hpp>

#include "bundler/cli_commands.h"
#include "cli/options.h"
#include "engine/cli_commands.h"

namespace engine {
namespace {

void add_image_options(CLI::App* command, MakeCommand& make) {
  const char* group = "Image";
  command->add_flag("--rootfs", make.rootfs, "IMAGE is a folder, which is run as it stands")
      ->group(group);
  cli::add_choice<bundler::PullPolicy>(
      command, "--pull", make.pull,
      {{"missing", bundler::PullPolicy::Missing},
       {"always", bundler::PullPolicy::Always},
       {"never", bundler::PullPolicy::Never}},
      "fetch the image: missing (from the store; the default), always, never")
      ->option_text("WHEN")
      ->group(group);
  bundler::add_platform(command, make.from.platform)->group(group);
  bundler::add_registry_flags(command, make.from.registry_flags);
  for (const auto* name : {"--plain-http", "--tls-verify", "--cert-dir"})
    command->get_option(name)->group(group);
  command->add_flag("-q,--quiet", make.quiet, "no progress of what is fetched")->group(group);
}

}  // namespace

void add_make_options(CLI::App* command, MakeCommand& make) {
  // compat: docker: -h is the host name
  command->set_help_flag("--help", "print this help");
  command->add_flag("-t,--tty", make.tty, "give it a terminal")->group("Process");
  command->add_flag("-i,--interactive", make.interactive, "keep its standard input open")
      ->group("Process");
  add_process_options(command, make.process);
  add_file_options(command, make.files);
  add_network_options(command, make.network);
  add_limit_options(command, make.limits);
  add_first_limit_options(command, make.limits);
  add_security_options(command, make.process);
  add_namespace_options(command, make.namespaces);
  add_life_options(command, make.life);
  add_image_options(command, make);
}

}  // namespace engine
