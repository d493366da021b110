// What a program's command line offers, as values: help and completions are written from them.
#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

struct Option {
  std::vector<std::string> names{};    // with their dashes, short ones first
  std::string value{};                 // the word for its value, such as "DIR"; empty for a flag
  std::string what{};                  // one line
  std::string standard{};              // the value when the option is absent
  std::string group{};                 // the heading that it stands under
  std::vector<std::string> choices{};  // all values there are, or empty
};

// A word that is no option, such as "CONTAINER". Its name says what completions offer.
struct Word {
  std::string name{};
  std::string shown{};  // in the usage line: "CONTAINER", "[SIGNAL]", "IMAGE..."
  std::string what{};
  std::vector<std::string> choices{};
  bool repeated = false;
  bool rest = false;  // with all behind it not this program's (add_rest)
};

struct Command {
  std::string name{};
  std::string line{};  // with the names before it: "runtime exec"
  std::string what{};
  std::string footer{};
  std::vector<Option> options{};
  std::vector<Word> words{};
  std::vector<Command> commands{};  // of the program, or of a group such as "volume"
};

// The innermost command that a parsed line chose, or the program.
const CLI::App& chosen(const CLI::App& app);

// Options and commands whose group is empty are hidden, and left out. The word for a value is the
// option's option_text; so is what a usage line shows of a positional.
Command outline(const CLI::App& app);

}  // namespace cli
