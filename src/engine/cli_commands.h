// The commands of the command line, by subject: each adds its options, and what the line chose.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/cli.h"

namespace CLI {
class App;
}  // namespace CLI

namespace engine {

// What the parse came to: a command, or why there is none, or all that is to be told.
struct Choice {
  std::optional<decltype(Invocation::command)> command{};
  std::string refusal{};
  std::string text{};
};

// run, create.
void add_making(CLI::App& app, Choice& choice);
// start, attach, stop, restart, kill, rm, wait, pause, unpause, rename, ps.
void add_containers(CLI::App& app, Choice& choice);
// logs, exec, top, stats, inspect, events.
void add_look(CLI::App& app, Choice& choice);
// cp, diff, export, commit.
void add_files(CLI::App& app, Choice& choice);
// network and its commands, port.
void add_networks(CLI::App& app, Choice& choice);

// volume create, ls, inspect, rm, prune.
void add_volumes(CLI::App& app, Choice& choice);
void add_update(CLI::App& app, Choice& choice);
// images, pull, push, login, logout, history, rmi, tag, save, load, import, info, version.
void add_images(CLI::App& app, Choice& choice);

// The options of run and create that say what is made, by subject.
void add_make_options(CLI::App* command, MakeCommand& make);

void add_stream_options(CLI::App* command, StreamsWish& streams);

// The words that begin where the command's own end; none when the first is a mistyped option: then
// the choice is a refusal.
std::optional<Words> words_left(const CLI::App& command, Choice& choice);

}  // namespace engine
