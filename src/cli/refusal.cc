#include "cli/refusal.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "cli/outline.h"

namespace cli {
namespace {

// How many letters to change, leave out, add or swap with their neighbour.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      auto& here = cost[i][j];
      if (i == 0 || j == 0) {
        here = i + j;
        continue;
      }
      here = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                       cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        here = std::min(here, cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> out;
  for (const auto& option : command.options)
    for (const auto& name : option.names)
      if (name.starts_with("--")) out.push_back(name);
  return out;
}

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

std::string meant(const std::optional<std::string>& name) {
  return name ? base::cat(": did you mean ", *name, "?") : "";
}

// The command as its line has it, without the program: "volume create".
std::string title(const CLI::App& command) {
  auto line = outline(command).line;
  return line.substr(line.find(' ') + 1);
}

// Whether an option of the program, or of a group, has this name.
const CLI::App* above_with(const CLI::App& command, const std::string& name) {
  for (auto above = command.get_parent(); above; above = above->get_parent()) {
    auto names = option_names(outline(*above));
    if (std::find(names.begin(), names.end(), name) != names.end()) return above;
  }
  return nullptr;
}

bool has_commands(const CLI::App& command) { return !outline(command).commands.empty(); }

// The line ends at the program or a group, or goes on with what is no command of it.
std::string no_command(const CLI::App& app, const std::vector<std::string>& words) {
  auto begin = app.get_parent() ? title(app) + ": " : std::string();
  if (words.empty()) return with_help(app, begin + "a command is required");
  std::vector<std::string> names;
  for (const auto& command : outline(app).commands) names.push_back(command.name);
  return with_help(app, base::cat(begin, "unknown command ", base::quote(words.front()),
                                  meant(nearest(words.front(), names))));
}

}  // namespace

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& names) {
  auto most = std::max<std::size_t>(1, (word.size() - word.find_last_of('-') - 1) / 3);
  std::vector<std::string> best;
  for (const auto& name : names) {
    auto far = distance(word, name);
    if (far > most) continue;
    if (far < most) best.clear();
    most = far;
    best.push_back(name);
  }
  if (best.empty() && word.find_last_not_of('-') != std::string::npos)
    std::copy_if(names.begin(), names.end(), std::back_inserter(best),
                 [&](const std::string& name) { return name.starts_with(word); });
  if (best.size() != 1) return std::nullopt;
  return best.front();
}

std::string with_help(const CLI::App& command, const std::string& sentence) {
  return base::cat(sentence, " (see ", outline(command).line, " --help)");
}

std::string unknown_option(const CLI::App& command, const std::string& word) {
  auto name = word.substr(0, word.find('='));
  auto text = base::cat("unknown option ", name);
  if (command.get_parent()) {
    text = base::cat(title(command), ": ", text);
    if (auto above = above_with(command, name))
      return with_help(*above, base::cat(text, ": it stands before the command"));
  }
  return with_help(command, text + meant(nearest(name, option_names(outline(command)))));
}

std::string refusal(const CLI::App& app, const std::string& said) {
  const auto& command = chosen(app);
  for (auto one : {&app, command.get_parent(), &command})
    for (const auto& word :
         !one || one->get_prefix_command() ? std::vector<std::string>() : one->remaining())
      if (is_option(word)) return unknown_option(*one, word);
  auto extra = app.remaining();
  if (extra.empty() && !command.get_prefix_command()) extra = command.remaining();
  if (has_commands(command)) return no_command(command, extra);
  if (!extra.empty())
    return with_help(
        command, base::cat(title(command), ": one word too many: ", base::quote(extra.front())));
  auto about = said.substr(0, said.find(':'));
  // compat: podman looks for these words to find out whether there is such an option.
  if (said.ends_with(" missing"))
    return with_help(command, base::cat(title(command), ": ", about, " requires an argument"));
  if (auto above = above_with(command, about)) return with_help(*above, said);
  return with_help(command, base::cat(title(command), ": ", said));
}

}  // namespace cli
