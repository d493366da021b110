#include "base/text.h"
#include "cli/completion.h"
#include "cli/offers.h"

namespace cli {
namespace {

constexpr const char* kScript =
    R"sh(# Completion of @name@ for fish, as printed by: @name@ completion fish

# Whether this word of this command wants a value behind it.
function __@name@_takes
    contains -- "$argv" @takes@
end

# The command before the cursor, and how many words stand behind it.
function __@name@_line
    set -l words (commandline -opc)
    set -e words[1]
    set -l command
    set -l place 0
    set -l before
    for word in $words
        if test -n "$before"
            set before
        else if __@name@_takes "$command" $word
            set before $word
        else if string match -q -- '-*' $word
            continue
        else if contains -- "$command" ''@groups@
            set command (string trim "$command $word")
        else
            set place (math $place + 1)
        end
    end
    printf '%s\n' "$command" $place
end

# The command is this one, and options may stand here: no word behind place LAST.
function __@name@_in -a command last
    set -l line (__@name@_line)
    test "$line[1]" = "$command" -a "$line[2]" -le $last
end

# The command is this one, and the cursor at this place; from it on with "+".
function __@name@_at -a command place more
    set -l line (__@name@_line)
    test "$line[1]" = "$command" || return 1
    test "$line[2]" = $place || test "$more" = + -a "$line[2]" -gt $place
end

# What the program itself lists, from the folder that the line names.
function __@name@_ask
    set -l words (commandline -opc)
    set -l program $words[1]
    set -l folder
    while set -e words[1]
        switch "$words[1]"
            case @folders@
                set folder $words[1..2]
            case @folder_values@
                set folder $words[1]
        end
        test (count $words) -gt 1 || break
    end
    $program $folder $argv 2>/dev/null
end

complete -c @name@ -f
@lines@)sh";

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// What an option or a word offers; -x: it wants a value, and no file is one.
std::string action(const std::string& program, const std::string& name,
                   const std::vector<std::string>& choices, bool option) {
  std::string exclusive = option ? " -x" : "";
  switch (offer_of(name, choices)) {
    case Offer::Nothing:
      return exclusive;
    case Offer::Choices:
      return base::cat(exclusive, " -a ", quoted(base::join(choices_of(name, choices), " ")));
    case Offer::Files:
      return option ? " -r -F" : " -F";
    case Offer::Folders:
      return exclusive + " -a '(__fish_complete_directories)'";
    case Offer::Containers:
      return base::cat(exclusive, " -a '(__", program, "_ask list -q)'");
    case Offer::Images:
      return base::cat(exclusive, " -a '(__", program, "_ask images -q)'");
  }
  return exclusive;
}

std::string option_line(const std::string& program, const std::string& condition,
                        const Option& option) {
  auto out = base::cat("complete -c ", program, " -n ", quoted(condition));
  for (const auto& name : option.names)
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) out += action(program, option.value, option.choices, true);
  return base::cat(out, " -d ", quoted(option.what), "\n");
}

// A command's name as one word.
std::string word_of(const std::string& name) {
  bool plain = !name.empty() && name.find(' ') == std::string::npos;
  return plain ? name : base::cat('"', name, '"');
}

std::string lines(const Command& program) {
  auto begin = base::cat("complete -c ", program.name, " -n ");
  auto function = base::cat("__", program.name);
  std::string out;
  for (const auto& [command, here] : places(program))
    for (const auto& inner : here.commands)
      out += base::cat(begin, quoted(base::cat(function, "_at ", word_of(command), " 0")), " -a ",
                       inner.name, " -d ", quoted(inner.what), "\n");
  for (const auto& [command, here] : places(program)) {
    out += "\n";
    auto name = word_of(command);
    auto condition = base::cat(function, "_in ", name, " ", last_place_of_options(here));
    for (const auto& option : here.options) out += option_line(program.name, condition, option);
    for (std::size_t i = 0; i < here.words.size(); ++i) {
      const auto& word = here.words[i];
      auto what = action(program.name, word.name, word.choices, false);
      auto place = base::cat(function, "_at ", name, " ", i, word.repeated ? " +" : "");
      if (!what.empty()) out += base::cat(begin, quoted(place), what, "\n");
    }
  }
  return out;
}

std::string takes(const Command& program) {
  std::vector<std::string> out;
  for (const auto& [command, here] : places(program))
    for (const auto& option : here.options)
      for (const auto& name : option.names)
        if (!option.value.empty()) out.push_back(base::cat('"', command, " ", name, '"'));
  return base::join(out, " ");
}

}  // namespace

std::string fish_completion(const Command& program) {
  auto folders = folder_options(program);
  std::vector<std::string> with_values;
  with_values.reserve(folders.size());
  for (const auto& name : folders) with_values.push_back(quoted(name + "=*"));
  std::string group_names;
  for (const auto& group : groups(program)) group_names += " " + group;
  return fill(kScript, {{"takes", takes(program)},
                        {"folders", base::join(folders, " ")},
                        {"folder_values", base::join(with_values, " ")},
                        {"lines", lines(program)},
                        {"groups", group_names},
                        {"name", program.name}});
}

}  // namespace cli
