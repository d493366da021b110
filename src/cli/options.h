// Kinds of options and words that CLI11 lacks. For the cli*.cc of the programs.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace cli {

// Words that stand for values: {{"table", Format::Text}, {"json", Format::Json}}.
template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

// A check: the value is one of these words.
CLI::Validator one_of(const std::vector<std::string>& words);

// An option whose value is one of the words; `value` must live as long as the command.
template <class T>
CLI::Option* add_choice(CLI::App* command, const std::string& names, T& value,
                        const Choices<T>& choices, const std::string& what) {
  std::vector<std::string> words;
  for (const auto& choice : choices) words.push_back(choice.first);
  return command
      ->add_option_function<std::string>(
          names,
          [&value, choices](const std::string& given) {
            for (const auto& [word, meant] : choices)
              if (word == given) value = meant;
          },
          what)
      ->check(one_of(words));
}

// A word that the parser leaves among the remaining ones, for help and completions alone: what
// stands there is another program's business, or the command's own. shown: as in the usage line.
CLI::Option* add_rest(CLI::App* command, const std::string& name, const std::string& shown,
                      const std::string& what);

// A command that is made of commands: `volume create`, `volume ls`.
CLI::App* add_group(CLI::App& app, const std::string& name, const std::string& what);

// A command whose help ends with an example.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& what,
                      const std::string& example);

}  // namespace cli
