#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "engine/cli_commands.h"

namespace engine {

void add_make_options(CLI::App* command, MakeCommand& make) {
  command->add_flag("-t,--tty", make.tty, "give it a terminal");
  command->add_flag("-i,--interactive", make.interactive, "keep its standard input open");
  command->add_option("--name", make.life.name, "what it is called")->option_text("NAME");
  command->add_flag("--rm", make.life.remove, "remove it when it has ended");
  command->add_flag("--rootfs", make.rootfs, "IMAGE is a folder, which is run as it stands");
  command->add_option("--net,--network", make.network.networks, "its network; may be repeated")
      ->option_text("NETWORK")
      ->allow_extra_args(false);
}

}  // namespace engine
