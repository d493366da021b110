// The commands of the command line, by subject: each adds its options, and what the line chose.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/command.h"

namespace CLI {
class App;
}

namespace runtime {

// What the parse came to: a command, or why there is none, or all that is to be told.
struct Choice {
  std::optional<Command> command{};
  std::string refusal{};
  std::string text{};  // to be printed, and nothing else done
};

// create, start, state, kill, delete, run, list, spec, features.
void add_lifecycle(CLI::App& app, Choice& choice);
// exec, ps.
void add_processes(CLI::App& app, Choice& choice);
// pause, resume, update, events.
void add_resources(CLI::App& app, Choice& choice);
// checkpoint, restore.
void add_checkpoint(CLI::App& app, Choice& choice);

// A command with an example below its help.
CLI::App* add_command(CLI::App& app, const char* name, const char* what, const char* example);
// CONTAINER: one that exists; ID: a new one.
void add_id(CLI::App* command, std::string& id);
void add_new_id(CLI::App* command, std::string& id);
void add_bundle(CLI::App* command, std::string& bundle);
void add_format(CLI::App* command, Format& format);
// The options that create, run and exec share.
struct StartSlots {
  std::string& pid_file;
  std::string& console_socket;
  int& preserve_fds;
  std::string* pidfd_socket = nullptr;  // null: it has no such option
};
void add_start_options(CLI::App* command, StartSlots slots);

}  // namespace runtime
