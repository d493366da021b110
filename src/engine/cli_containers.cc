#include <CLI/CLI.hpp>

#include "engine/cli_add.h"

namespace engine {
namespace {

template <class Command>
Added<Command> add_on_containers(CLI::App& app, Choice& choice, const char* name, const char* what,
                                 const char* example, bool required = true) {
  auto added = add<Command>(app, choice, name, what, example);
  added.first->add_option("CONTAINER", added.second->containers, kContainer)->required(required);
  return added;
}

void add_start(CLI::App& app, Choice& choice) {
  auto [command, start] = add_on_containers<StartCommand>(
      app, choice, "start", "start containers that were created or have ended", "engine start bird",
      false);
  command->add_flag("-a,--attach", start->attach, "show its output, and pass signals on");
  command->add_flag("-i,--interactive", start->interactive, "give it our standard input");
  command->add_flag("--after-boot", start->after_boot,
                    "start all whose --restart is always, or unless-stopped and nobody did");
  add_stream_options(command, start->streams);
}

void add_attach(CLI::App& app, Choice& choice) {
  auto [command, attach] = add<AttachCommand>(
      app, choice, "attach", "join the streams of a running container", "engine attach bird");
  command->add_option("CONTAINER", attach->container, kContainer)->required();
  command->add_flag("--no-stdin", attach->no_stdin, "only show its output");
  add_stream_options(command, attach->streams);
}

void add_ends(CLI::App& app, Choice& choice) {
  auto [stopping, stop] = add_on_containers<StopCommand>(
      app, choice, "stop", "end containers: their stop signal, and SIGKILL if that is not enough",
      "engine stop bird", false);
  stopping->add_option("-t,--time", stop->seconds, "how long to wait before SIGKILL")
      ->option_text("SECONDS");
  stopping->add_flag("-a,--all", stop->all, "all that run");
  auto [restarting, restart] = add_on_containers<RestartCommand>(
      app, choice, "restart", "stop containers and start them again", "engine restart bird");
  restarting->add_option("-t,--time", restart->seconds, "how long to wait before SIGKILL")
      ->option_text("SECONDS");
  auto [killing, kill] = add_on_containers<KillCommand>(
      app, choice, "kill", "send a signal to containers", "engine kill -s HUP bird");
  killing->add_option("-s,--signal", kill->signal, "by name or number")
      ->option_text("SIGNAL")
      ->capture_default_str();
  auto [removing, remove] = add_on_containers<RemoveCommand>(
      app, choice, "rm", "remove containers, with what they wrote", "engine rm -f bird", false);
  removing->add_flag("-f,--force", remove->force, "those that run, too");
  removing->add_flag("-v,--volumes", remove->volumes, "with their volumes that nobody named");
  removing->add_flag("-a,--all", remove->all, "all that do not run; with --force all");
}

void add_others(CLI::App& app, Choice& choice) {
  add_on_containers<WaitCommand>(app, choice, "wait",
                                 "wait until containers have ended, and print their exit codes",
                                 "engine wait bird");
  add_on_containers<PauseCommand>(app, choice, "pause", "freeze containers", "engine pause bird");
  add_on_containers<UnpauseCommand>(app, choice, "unpause", "let paused containers go on",
                                    "engine unpause bird");
  auto [command, rename] = add<RenameCommand>(
      app, choice, "rename", "give a container another name", "engine rename bird eagle");
  command->add_option("CONTAINER", rename->container, kContainer)->required();
  command->add_option("NAME", rename->name, "its new name")->required();
}

void add_ps(CLI::App& app, Choice& choice) {
  auto [command, ps] =
      add<PsCommand>(app, choice, "ps", "list containers", "engine ps -a --filter status=exited");
  command->add_flag("-a,--all", ps->all, "also those that do not run");
  command->add_flag("-q,--quiet", ps->quiet, "only their ids");
  command->add_flag("--no-trunc", ps->no_trunc, "whole ids and commands");
  command->add_flag("--json", ps->json, "as JSON");
  command->add_flag("-l,--latest", ps->latest, "only the youngest, whatever it does");
  command->add_option("-n,--last", ps->last, "so many of the youngest")->option_text("NUMBER");
  command
      ->add_option("-f,--filter", ps->filters,
                   "id, name, label, status, exited, ancestor, network or volume; may be repeated")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
}

// What completions ask for containers.
void add_list(CLI::App& app, Choice& choice) {
  auto [command, list] =
      add<PsCommand>(app, choice, "list", "the names of all containers", "engine list -q");
  list->all = list->names = true;
  command->add_flag("-q,--quiet", list->quiet, "nothing else");
  command->group("");
}

void add_finish(CLI::App& app, Choice& choice) {
  auto [command, finish] = add<FinishCommand>(
      app, choice, "finish", "what a monitor does at a container's end", "engine finish bird 1");
  command->add_option("CONTAINER", finish->container, kContainer)->required();
  command->add_option("RUN", finish->run, "which of its starts")->required();
  command->group("");
}

}  // namespace

void add_stream_options(CLI::App* command, StreamsWish& streams) {
  command->add_option("--detach-keys", streams.detach_keys, "what leaves a terminal's container")
      ->option_text("KEYS")
      ->capture_default_str();
  command->add_flag("--sig-proxy{true}", streams.pass_signals,
                    "pass signals to the container (--sig-proxy=false does not)");
}

void add_containers(CLI::App& app, Choice& choice) {
  add_ps(app, choice);
  add_start(app, choice);
  add_attach(app, choice);
  add_ends(app, choice);
  add_others(app, choice);
  add_list(app, choice);
  add_finish(app, choice);
}

}  // namespace engine
