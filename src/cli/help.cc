#include "cli/help.h"

#include <algorithm>

#include "base/text.h"

namespace cli {
namespace {

constexpr std::size_t kColumn = 30;  // where the explanations begin

// "  NAME      what it is"; a name that is too long has a line of its own.
std::string row(const std::string& name, const std::string& what) {
  auto out = "  " + name;
  if (out.size() + 2 > kColumn) out += "\n";
  auto used = out.ends_with('\n') ? 0 : out.size();
  return base::cat(out, std::string(kColumn - used, ' '), what, "\n");
}

// The name in the lists of commands and options: "-b, --bundle DIR", "    --keep".
std::string shown(const Option& option) {
  auto out = base::join(option.names, ", ");
  if (out.starts_with("--")) out.insert(0, "    ");
  return option.value.empty() ? out : base::cat(out, " ", option.value);
}

std::string usage(const Command& command) {
  auto out = base::cat("Usage: ", command.line, " [OPTION...]");
  if (!command.commands.empty()) out += " COMMAND";
  for (const auto& word : command.words) out += " " + word.shown;
  return out + "\n";
}

std::string options(const Command& command) {
  std::vector<std::string> groups;
  for (const auto& option : command.options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end())
      groups.push_back(option.group);
  // What belongs to the line as a whole, --help above all, comes last.
  std::stable_partition(groups.begin(), groups.end(),
                        [](const std::string& group) { return group != "Options"; });
  std::string out;
  for (const auto& group : groups) {
    out += base::cat("\n", group, ":\n");
    for (const auto& option : command.options) {
      if (option.group != group) continue;
      auto standard = option.standard.empty() ? "" : base::cat(" (default: ", option.standard, ")");
      out += row(shown(option), option.what + standard);
    }
  }
  return out;
}

}  // namespace

std::string help(const Command& command) {
  auto out = base::cat(usage(command), "\n", command.what, "\n");
  if (!command.commands.empty()) {
    out += "\nCommands:\n";
    for (const auto& each : command.commands) out += row(each.name, each.what);
  }
  if (!command.words.empty()) {
    out += "\nArguments:\n";
    for (const auto& word : command.words) out += row(word.name, word.what);
  }
  out += options(command);
  if (!command.footer.empty()) out += base::cat("\n", command.footer, "\n");
  // The commands of a group share its page.
  auto page = base::words(command.line);
  out += base::cat("\nMore: man ", page.front());
  if (page.size() > 1) out += base::cat("-", page[1]);
  return out + "\n";
}

}  // namespace cli
