// The commands of the command line, by subject: each adds its options, and what the line chose.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bundler/cli.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace bundler {

// What the parse came to: a command, or why there is none, or all that is to be told.
struct Choice {
  bool quiet = false;
  std::optional<decltype(Invocation::command)> command{};
  std::string refusal{};
  std::string text{};
  // What stood behind "--", which CLI11 is not shown: all of it is the command's of a container.
  std::optional<std::vector<std::string>> after_dashes{};
};

// pull, images, import.
void add_images(CLI::App& app, Choice& choice);
// inspect, tag, remove, prune, export.
void add_store(CLI::App& app, Choice& choice);
// push, login, logout.
void add_registry(CLI::App& app, Choice& choice);
// unpack, create, mount, umount, delete, diff, commit.
void add_bundles(CLI::App& app, Choice& choice);

void add_quiet(CLI::App* command, Choice& choice);
void add_registry_flags(CLI::App* command, RegistryFlags& flags);
CLI::Option* add_platform(CLI::App* command, std::string& platform);
// Instead of --platform.
void add_all_platforms(CLI::App* command, bool& all, CLI::Option* platform);

// The words that a command of ours leaves to a container's; none when the first is a mistyped
// option: then the choice is a refusal.
std::optional<std::vector<std::string>> words_left(const CLI::App& command, Choice& choice);

}  // namespace bundler
