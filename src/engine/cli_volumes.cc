#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "engine/cli_add.h"
#include "engine/cli_commands.h"
#include "engine/cli_make_options.h"

namespace engine {
namespace {

constexpr const char* kVolume = "a volume, by its name";

void add_create(CLI::App& group, Choice& choice) {
  auto [command, create] = add<VolumeCreateCommand>(group, choice, "create", "make a volume",
                                                    "engine volume create --label use=nests nests");
  command->add_option("NAME", create->name, "what it is called (default: 64 digits)");
  command->add_option("-d,--driver", create->driver, "local, the only one there is")
      ->option_text("DRIVER");
  command->add_option("-l,--label", create->labels, "a word about it; may be repeated")
      ->option_text("NAME[=VALUE]")
      ->allow_extra_args(false);
}

void add_list(CLI::App& group, Choice& choice) {
  auto [command, list] = add<VolumeListCommand>(group, choice, "ls", "list volumes",
                                                "engine volume ls -f dangling=true");
  command->add_flag("-q,--quiet", list->quiet, "only their names");
  command->add_flag("--json", list->json, "as JSON");
  command->add_option("-f,--filter", list->filters, "name, label or dangling; may be repeated")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_others(CLI::App& group, Choice& choice) {
  auto [inspecting, inspect] = add<VolumeInspectCommand>(
      group, choice, "inspect", "tell all about volumes, as JSON", "engine volume inspect nests");
  inspecting->add_option("VOLUME", inspect->volumes, kVolume)->required();
  auto [removing, remove] = add<VolumeRemoveCommand>(
      group, choice, "rm", "remove volumes that no container uses", "engine volume rm nests");
  removing->add_option("VOLUME", remove->volumes, kVolume)->required();
  removing->add_flag("-f,--force", remove->force, "those that are not there are no error");
  auto [pruning, prune] =
      add<VolumePruneCommand>(group, choice, "prune", "remove volumes that nobody named or uses",
                              "engine volume prune --all");
  pruning->add_flag("-a,--all", prune->all, "also those that have a name");
}

}  // namespace

void add_volumes(CLI::App& app, Choice& choice) {
  auto group = cli::add_group(app, "volume", "folders that outlive containers");
  add_create(*group, choice);
  add_list(*group, choice);
  add_others(*group, choice);
}

void add_update(CLI::App& app, Choice& choice) {
  auto [command, update] =
      add<UpdateCommand>(app, choice, "update", "change what containers may use",
                         "engine update --memory 200M --cpus 0.5 bird");
  command->add_option("CONTAINER", update->containers, kContainer)->required();
  add_limit_options(command, update->limits);
  command->add_option("--restart", update->restart, "no, on-failure[:N], always, unless-stopped")
      ->option_text("POLICY");
}

}  // namespace engine
