#include "cli/refusal.h"
#include "engine/cli_add.h"

namespace engine {
namespace {

void add_logs(CLI::App& app, Choice& choice) {
  auto [command, logs] = add_on_container<LogsCommand>(
      app, choice, "logs", "print what a container has written", "engine logs -f --tail 20 bird");
  command->add_flag("-f,--follow", logs->follow, "and what it writes, until it ends");
  command->add_option("-n,--tail", logs->tail, "only so many of the last lines, or all")
      ->option_text("LINES");
  command->add_flag("-t,--timestamps", logs->timestamps, "with the time of each line");
  command->add_option("--since", logs->since, "only what was written from then on")
      ->option_text("TIME");
  command->add_option("--until", logs->until, "only what was written until then")
      ->option_text("TIME");
}

void add_repeated(CLI::App* command, const char* names, Words& values, const char* shown,
                  const char* what) {
  command->add_option(names, values, what)->option_text(shown)->allow_extra_args(false);
}

// The words that begin with a container's name; false: there is none, and the choice says so.
bool take_container(const CLI::App& command, Choice& choice, std::string& container, Words& rest) {
  auto words = words_left(command, choice);
  if (!words) return false;
  if (words->empty()) {
    choice.refusal = cli::with_help(command, "a container must be named");
    return false;
  }
  container = words->front();
  rest.assign(words->begin() + 1, words->end());
  return true;
}

void add_exec(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "exec", "run a command in a running container",
                                  "engine exec -ti bird sh");
  auto exec = std::make_shared<ExecCommand>();
  command->add_flag("-d,--detach", exec->detach, "leave it in the background");
  command->add_flag("-i,--interactive", exec->interactive, "give it our standard input");
  command->add_flag("-t,--tty", exec->tty, "give it a terminal");
  add_repeated(command, "-e,--env", exec->env, "NAME[=VALUE]", "add to its environment");
  add_repeated(command, "--env-file", exec->env_files, "FILE",
               "add the lines of this file to its environment");
  command->add_option("-u,--user", exec->user, "by name or number, as the container knows them")
      ->option_text("USER[:GROUP]");
  command->add_option("-w,--workdir", exec->workdir, "where it starts")->option_text("DIR");
  command->add_flag("--privileged", exec->privileged, "with all capabilities");
  cli::add_rest(command, "CONTAINER", "CONTAINER", kContainer);
  cli::add_rest(command, "COMMAND", "COMMAND [ARGUMENT...]", "a program of the container");
  command->prefix_command();
  command->final_callback([=, &choice] {
    if (!take_container(*command, choice, exec->container, exec->command)) return;
    if (exec->command.empty())
      choice.refusal = cli::with_help(*command, "a command must be named");
    else
      choice.command = *exec;
  });
}

void add_top(CLI::App& app, Choice& choice) {
  auto command = cli::add_command(app, "top", "list the processes of a container",
                                  "engine top bird -o pid,args");
  auto top = std::make_shared<TopCommand>();
  cli::add_rest(command, "CONTAINER", "CONTAINER", kContainer);
  cli::add_rest(command, "PS-OPTION", "[PS-OPTION...]", "options of ps(1), such as -o pid,args");
  command->prefix_command();
  command->final_callback([=, &choice] {
    if (take_container(*command, choice, top->container, top->options)) choice.command = *top;
  });
}

void add_stats(CLI::App& app, Choice& choice) {
  auto [command, stats] = add<StatsCommand>(app, choice, "stats", "show what containers use",
                                            "engine stats --no-stream bird");
  command->add_option("CONTAINER", stats->containers, "containers, by name or id (all that run)");
  command->add_flag("--no-stream", stats->once, "once, and not again and again");
  command->add_flag("--json", stats->json, "as JSON, a line each");
}

void add_inspect(CLI::App& app, Choice& choice) {
  auto [command, inspect] = add<InspectCommand>(
      app, choice, "inspect", "tell all of containers, images, volumes and networks",
      "engine inspect --format '{{.State.Status}}' bird");
  command->add_option("NAME", inspect->names, "by name or id")->required();
  command->add_option("-f,--format", inspect->format, "what of it, such as {{json .State}}")
      ->option_text("TEMPLATE");
  command->add_option("--type", inspect->type, "container, image, volume or network: only that")
      ->option_text("TYPE")
      ->check(cli::one_of({"container", "image", "volume", "network"}));
  command->add_flag("-s,--size", inspect->size, "with the bytes of a container's files");
}

void add_events(CLI::App& app, Choice& choice) {
  auto [command, events] = add<EventsCommand>(app, choice, "events", "tell what happens",
                                              "engine events --since 10m --filter event=die");
  command->add_option("--since", events->since, "also what happened from then on")
      ->option_text("TIME");
  command->add_option("--until", events->until, "and stop then")->option_text("TIME");
  add_repeated(command, "-f,--filter", events->filters, "NAME=VALUE",
               "type, event, container, image, network or volume; may be repeated");
  command->add_flag("--json", events->json, "as JSON, a line each");
}

}  // namespace

void add_look(CLI::App& app, Choice& choice) {
  add_logs(app, choice);
  add_exec(app, choice);
  add_top(app, choice);
  add_stats(app, choice);
  add_inspect(app, choice);
  add_events(app, choice);
}

}  // namespace engine
