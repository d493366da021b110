#include "cli/offers.h"

#include "base/text.h"

namespace cli {
namespace {
constexpr std::size_t kNoLast = 99;
}

Offer offer_of(const std::string& name, const std::vector<std::string>& choices) {
  if (!choices_of(name, choices).empty()) return Offer::Choices;
  for (auto part : base::split(name, '|')) {
    if (part == "DIR") return Offer::Folders;
    if (part == "FILE" || part == "SOCKET" || part == "PATH") return Offer::Files;
    if (part == "CONTAINER") return Offer::Containers;
    if (part == "IMAGE") return Offer::Images;
  }
  return Offer::Nothing;
}

std::vector<std::string> choices_of(const std::string& name,
                                    const std::vector<std::string>& choices) {
  if (name == "SIGNAL")
    return {"TERM", "KILL", "INT", "HUP", "QUIT", "USR1", "USR2", "STOP", "CONT", "WINCH"};
  return choices;
}

std::vector<Place> places(const Command& program) {
  std::vector<Place> out{{"", program}};
  for (const auto& command : program.commands) {
    out.push_back({command.name, command});
    for (const auto& inner : command.commands)
      out.push_back({base::cat(command.name, " ", inner.name), inner});
  }
  return out;
}

std::vector<std::string> groups(const Command& program) {
  std::vector<std::string> out;
  for (const auto& command : program.commands)
    if (!command.commands.empty()) out.push_back(command.name);
  return out;
}

std::size_t last_place_of_options(const Command& command) {
  for (std::size_t i = 0; i < command.words.size(); ++i)
    if (command.words[i].rest) return i;
  return kNoLast;
}

std::vector<std::string> folder_options(const Command& program) {
  std::vector<std::string> out;
  for (const auto& option : program.options)
    if (offer_of(option.value, option.choices) == Offer::Folders)
      out.insert(out.end(), option.names.begin(), option.names.end());
  return out;
}

std::string fill(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    auto wanted = base::cat("@", name, "@");
    for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string::npos; at += value.size())
      text.replace(at, wanted.size(), value);
  }
  return text;
}

}  // namespace cli
