// Why a command line is refused: one line, with the nearest name and where to read on.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

// The one of the names that was most likely meant: the word with few letters wrong, or the
// beginning of just one name. None where two are as near.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& names);

// After a parse that failed; `said`: what the parser says, for what cannot be told better.
std::string refusal(const CLI::App& app, const std::string& said);

// `word` stands where a command's options do, and is none of them.
std::string unknown_option(const CLI::App& command, const std::string& word);

// A sentence about the command's line, with where its help is.
std::string with_help(const CLI::App& command, const std::string& sentence);

}  // namespace cli
