#include "cli/outline.h"

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace cli {
namespace {

// CLI11 has the choices in the name of the type: "TEXT:{table,json}", "value in {a->0,b->1} OR …".
std::vector<std::string> choices_in(const std::string& type) {
  std::vector<std::string> out;
  auto open = type.find('{');
  auto close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return out;
  for (const auto& choice : CLI::detail::split(type.substr(open + 1, close - open - 1), ','))
    out.push_back(choice.substr(0, choice.find("->")));
  return out;
}

Option option_of(const CLI::Option& from) {
  Option out{.what = from.get_description(), .group = from.get_group()};
  for (const auto& name : from.get_snames()) out.names.push_back("-" + name);
  for (const auto& name : from.get_lnames()) out.names.push_back("--" + name);
  if (from.get_expected_max() == 0) return out;
  auto type = from.get_type_name();
  out.value =
      from.get_option_text().empty() ? type.substr(0, type.find(':')) : from.get_option_text();
  out.standard = from.get_default_str();
  out.choices = choices_in(type);
  return out;
}

Word word_of(const CLI::Option& from) {
  Word out{.name = from.get_single_name(), .what = from.get_description()};
  out.repeated = from.get_expected_max() >= CLI::detail::expected_max_vector_size;
  out.rest = from.get_expected_max() == 0;
  out.choices = choices_in(from.get_type_name());
  out.shown = from.get_option_text();
  if (out.shown.empty()) {
    out.shown = out.name + (out.repeated ? "..." : "");
    if (!from.get_required()) out.shown = "[" + out.shown + "]";
  }
  return out;
}

}  // namespace

const CLI::App& chosen(const CLI::App& app) {
  auto commands = app.get_subcommands();
  return commands.empty() ? app : chosen(*commands.front());
}

Command outline(const CLI::App& app) {
  Command out{.name = app.get_name(),
              .line = app.get_name(),
              .what = app.get_description(),
              .footer = app.get_footer()};
  for (auto above = app.get_parent(); above; above = above->get_parent())
    out.line = base::cat(above->get_name(), " ", out.line);
  for (auto option : app.get_options()) {
    if (option->get_group().empty()) continue;
    if (option->get_positional())
      out.words.push_back(word_of(*option));
    else
      out.options.push_back(option_of(*option));
  }
  for (auto command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) out.commands.push_back(outline(*command));
  return out;
}

}  // namespace cli
