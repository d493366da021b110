#include <CLI/CLI.hpp>

#include "runtime/cli_commands.h"

namespace runtime {
namespace {

void add_pause(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "pause", "freeze all processes of a container", "runtime pause c1");
  auto pause = std::make_shared<Pause>();
  add_id(command, pause->id);
  command->final_callback([pause, &choice] { choice.command = *pause; });
}

void add_resume(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "resume", "thaw a paused container", "runtime resume c1");
  auto resume = std::make_shared<Resume>();
  add_id(command, resume->id);
  command->final_callback([resume, &choice] { choice.command = *resume; });
}

}  // namespace

void add_resources(CLI::App& app, Choice& choice) {
  add_pause(app, choice);
  add_resume(app, choice);
}

}  // namespace runtime
