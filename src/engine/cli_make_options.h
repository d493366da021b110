// The options of run and create that say what is made, by subject.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <utility>

#include "engine/make_command.h"

namespace engine {

// Adds options under one heading of the help.
class OptionGroup {
 public:
  OptionGroup(CLI::App* command, std::string name) : command_(command), name_(std::move(name)) {}

  CLI::Option* one(const char* names, auto& value, const char* shown, const char* what) const {
    return command_->add_option(names, value, what)->option_text(shown)->group(name_);
  }
  // That may be repeated, with one value each: what follows may be the image.
  CLI::Option* many(const char* names, Words& values, const char* shown, const char* what) const {
    return one(names, values, shown, what)->allow_extra_args(false);
  }
  CLI::Option* flag(const char* names, bool& value, const char* what) const {
    return command_->add_flag(names, value, what)->group(name_);
  }

 private:
  CLI::App* command_;
  std::string name_;
};

void add_process_options(CLI::App* command, ProcessWishes& process);
void add_security_options(CLI::App* command, ProcessWishes& process);
void add_file_options(CLI::App* command, FileWishes& files);
void add_namespace_options(CLI::App* command, NamespaceWishes& namespaces);
void add_network_options(CLI::App* command, NetworkWishes& network);
void add_life_options(CLI::App* command, LifeWishes& life);

// Those that `update` has, too; and those that only a new container can have.
void add_limit_options(CLI::App* command, LimitWishes& limits);
void add_first_limit_options(CLI::App* command, LimitWishes& limits);

}  // namespace engine
