#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "cli/refusal.h"
#include "engine/cli_commands.h"

namespace engine {
namespace {

template <class Command>
Command* add(CLI::App& app, Choice& choice, const char* name, const char* what, const char* example,
             CLI::App** made) {
  auto command = cli::add_command(app, name, what, example);
  auto chosen = std::make_shared<Command>();
  cli::add_rest(command, "IMAGE", "IMAGE [COMMAND [ARGUMENT...]]",
                "an image of the store, or of its registry, and what to run in it");
  add_make_options(command, chosen->make);
  command->prefix_command();
  command->final_callback([=, &choice] {
    auto words = words_left(*command, choice);
    if (!words) return;
    if (words->empty()) {
      choice.refusal = cli::with_help(*command, "an image must be named");
      return;
    }
    chosen->make.image = words->front();
    chosen->make.command.assign(words->begin() + 1, words->end());
    choice.command = *chosen;
  });
  *made = command;
  return chosen.get();
}

}  // namespace

void add_making(CLI::App& app, Choice& choice) {
  CLI::App* command = nullptr;
  auto run = add<RunCommand>(app, choice, "run", "make a container of an image and start it",
                             "engine run --rm -ti alpine sh", &command);
  command->add_flag("-d,--detach", run->detach, "leave it in the background, and print its id");
  command->add_option("-a,--attach", run->attach, "stdin, stdout, stderr; may be repeated")
      ->option_text("STREAM")
      ->allow_extra_args(false);
  add_stream_options(command, run->streams);
  add<CreateCommand>(app, choice, "create", "make a container of an image, to be started later",
                     "engine create --name box alpine sleep 100 && engine start box", &command);
}

}  // namespace engine
