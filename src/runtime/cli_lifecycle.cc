#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "runtime/cli_commands.h"

namespace runtime {
namespace {

void add_create_options(CLI::App* command, container::CreateOptions& options) {
  add_bundle(command, options.bundle);
  add_start_options(command, {options.pid_file, options.console_socket, options.inherited.preserved,
                              &options.pidfd_socket});
  command->add_flag("--no-pivot", options.no_pivot,
                    "move the root file system instead of pivot_root (initramfs)");
  command->add_flag("--no-new-keyring", options.no_new_keyring, "keep the present session keyring");
}

void add_create(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "create", "make a container that waits for start",
                             "runtime create --bundle mybundle c1");
  auto create = std::make_shared<Create>();
  add_create_options(command, create->options);
  add_new_id(command, create->options.id);
  command->final_callback([create, &choice] { choice.command = *create; });
}

void add_start(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "start", "let a created container's program run", "runtime start c1");
  auto start = std::make_shared<Start>();
  add_id(command, start->id);
  command->final_callback([start, &choice] { choice.command = *start; });
}

void add_state(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "state", "print the state of a container as JSON", "runtime state c1");
  auto state = std::make_shared<State>();
  add_id(command, state->id);
  command->final_callback([state, &choice] { choice.command = *state; });
}

void add_kill(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "kill", "send a signal to a container", "runtime kill c1 KILL");
  auto kill = std::make_shared<Kill>();
  add_id(command, kill->id);
  command->add_option("SIGNAL", kill->signal, "name or number (default: TERM)");
  command->add_flag("-a,--all", kill->all, "to all its processes");
  command->final_callback([kill, &choice] { choice.command = *kill; });
}

void add_delete(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "delete", "remove a stopped container", "runtime delete --force c1");
  auto remove = std::make_shared<Delete>();
  add_id(command, remove->id);
  command->add_flag("-f,--force", remove->force, "kill it first; fine when there is none");
  command->final_callback([remove, &choice] { choice.command = *remove; });
}

void add_run(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "run", "create, start, wait and delete in one", "runtime run mybundle");
  auto run = std::make_shared<Run>();
  add_create_options(command, run->options.create);
  command
      ->add_option("ID|DIR", run->options.create.id,
                   "id of the new container; without --bundle its bundle, whose name is the id")
      ->required();
  command->add_flag("-d,--detach", run->options.detach, "do not wait for its end");
  command->add_flag("--keep", run->options.keep, "leave the stopped container");
  command->add_flag("--no-subreaper", run->options.no_subreaper, "do not reap its orphans");
  command->final_callback([run, &choice] { choice.command = *run; });
}

void add_list(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "list", "list the containers", "runtime list --format json");
  auto list = std::make_shared<List>();
  add_format(command, list->format);
  command->add_flag("-q,--quiet", list->quiet, "ids only");
  command->final_callback([list, &choice] { choice.command = *list; });
}

void add_spec(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "spec", "write an example config.json", "runtime spec --rootless");
  auto spec = std::make_shared<Spec>();
  command
      ->add_option("-b,--bundle", spec->bundle, "folder to write it to (default: the current one)")
      ->option_text("DIR");
  command->add_flag("--rootless", spec->rootless, "for a user without privileges");
  command->final_callback([spec, &choice] { choice.command = *spec; });
}

void add_features(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "features", "print what this runtime can do as JSON", "runtime features");
  command->final_callback([&choice] { choice.command = Features(); });
}

}  // namespace

void add_lifecycle(CLI::App& app, Choice& choice) {
  add_create(app, choice);
  add_start(app, choice);
  add_state(app, choice);
  add_kill(app, choice);
  add_delete(app, choice);
  add_run(app, choice);
  add_list(app, choice);
  add_spec(app, choice);
  add_features(app, choice);
}

CLI::App* add_command(CLI::App& app, const char* name, const char* what, const char* example) {
  return cli::add_command(app, name, what, example);
}

void add_id(CLI::App* command, std::string& id) {
  command->add_option("CONTAINER", id, "the container's id")->required();
}

void add_new_id(CLI::App* command, std::string& id) {
  command->add_option("ID", id, "id of the new container")->required();
}

void add_bundle(CLI::App* command, std::string& bundle) {
  command->add_option("-b,--bundle", bundle, "folder with config.json (default: the current one)")
      ->option_text("DIR");
}

void add_format(CLI::App* command, Format& format) {
  cli::add_choice<Format>(command, "-f,--format", format,
                          {{"table", Format::Text}, {"json", Format::Json}}, "table or json")
      ->option_text("FORMAT");
}

void add_start_options(CLI::App* command, StartSlots slots) {
  constexpr int kMostDescriptors = 1 << 16;
  command
      ->add_option("--console-socket", slots.console_socket,
                   "unix socket that gets the terminal's master")
      ->option_text("SOCKET");
  command->add_option("--pid-file", slots.pid_file, "file to write its pid to")
      ->option_text("FILE");
  if (slots.pidfd_socket)
    command->add_option("--pidfd-socket", *slots.pidfd_socket, "unix socket that gets its pidfd")
        ->option_text("SOCKET");
  command->add_option("--preserve-fds", slots.preserve_fds, "pass descriptors 3 to 2+N on")
      ->option_text("N")
      ->check(CLI::Range(0, kMostDescriptors));
}

}  // namespace runtime
