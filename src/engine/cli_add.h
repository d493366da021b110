// How a command comes onto the command line: what the options fill in becomes the choice.
#pragma once
#include <memory>
#include <utility>

#include "cli/options.h"
#include "engine/cli_commands.h"

namespace engine {

inline constexpr const char* kContainer = "a container, by name or id";

template <class Command>
using Added = std::pair<CLI::App*, std::shared_ptr<Command>>;

template <class Command>
Added<Command> add(CLI::App& app, Choice& choice, const char* name, const char* what,
                   const char* example) {
  auto command = cli::add_command(app, name, what, example);
  auto chosen = std::make_shared<Command>();
  command->final_callback([chosen, &choice] { choice.command = *chosen; });
  return {command, chosen};
}

// With CONTAINER as its only word.
template <class Command>
Added<Command> add_on_container(CLI::App& app, Choice& choice, const char* name, const char* what,
                                const char* example) {
  auto added = add<Command>(app, choice, name, what, example);
  added.first->add_option("CONTAINER", added.second->container, kContainer)->required();
  return added;
}

}  // namespace engine
