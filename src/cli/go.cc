#include "cli/go.h"

#include <CLI/CLI.hpp>
#include <map>

namespace cli {
namespace {

// The names of an application's options, long and short, and whether each takes a value.
std::map<std::string, bool> option_names(const CLI::App& app) {
  std::map<std::string, bool> out;
  for (auto option : app.get_options()) {
    bool takes_value = option->get_expected_max() != 0;
    for (const auto& name : option->get_lnames()) out[name] = takes_value;
    for (const auto& name : option->get_snames()) out[name] = takes_value;
  }
  return out;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  auto found = app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

bool has_commands(const CLI::App& app) {
  return !app.get_subcommands([](const CLI::App*) { return true; }).empty();
}

}  // namespace

std::vector<std::string> with_two_dashes(std::vector<std::string> args, const CLI::App& app) {
  auto names = option_names(app);
  const CLI::App* command = nullptr;
  for (std::size_t i = 1; i < args.size(); ++i) {
    auto& arg = args[i];
    if (arg == "--") {
      if (command && command->get_prefix_command())
        args.erase(args.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    auto dashes = arg.find_first_not_of('-');
    if (dashes == 0 || dashes == std::string::npos) {
      if (command && command->get_prefix_command()) break;
      const auto& here = command ? *command : app;
      if (!has_commands(here)) continue;
      command = find_command(here, arg);
      if (!command) break;
      names = option_names(*command);
      continue;
    }
    auto option = arg.substr(dashes);
    auto name = option.substr(0, option.find('='));
    auto known = names.find(name);
    if (known == names.end()) continue;
    if (name.size() > 1) arg = "--" + option;
    if (known->second && option == name) ++i;
  }
  return args;
}

}  // namespace cli
