#include "base/text.h"
#include "cli/completion.h"
#include "cli/offers.h"

namespace cli {
namespace {

constexpr const char* kScript = R"sh(#compdef @name@
# Completion of @name@ for zsh, as printed by: @name@ completion zsh

# What the program itself lists, from the folder that the line names.
_@name@_ask() {
  local -a found
  found=(${(f)"$(${program/#\~\//$HOME/} $folder ${@[2,-1]} 2>/dev/null)"})
  _wanted $1 expl $1 compadd -a found
}

_@name@_containers() { _@name@_ask containers list -q }
_@name@_images() { _@name@_ask images images -q }

_@name@() {
  local program=${(Q)words[1]} expl curcontext=$curcontext state state_descr option ret=1
  local -a line folder commands
  local -A opt_args
  commands=(
@commands@
  )
  _arguments -C -S \
@globals@
    ': :->command' '*:: :->arguments' && ret=0
  for option in @folders@; do
    [[ -z $opt_args[$option] ]] || folder=($option ${(Q)opt_args[$option]})
  done
  case $state in
    command) _describe -t commands command commands && ret=0 ;;
    arguments)
      curcontext=${curcontext%:*:*}:@name@-$words[1]:
      case $words[1] in
@arguments@
      esac
      ;;
  esac
  return ret
}

if [[ $funcstack[1] == _@name@ ]]; then _@name@ "$@"; else compdef _@name@ @name@; fi
)sh";

// In quotes of the shell, with these letters escaped for zsh's own reading.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string escaped(const std::string& text, std::string_view letters) {
  std::string out;
  for (char c : text) {
    if (letters.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string action(const std::string& program, const std::string& name,
                   const std::vector<std::string>& choices) {
  switch (offer_of(name, choices)) {
    case Offer::Nothing:
      return " ";
    case Offer::Choices:
      return base::cat("(", base::join(choices_of(name, choices), " "), ")");
    case Offer::Files:
      return "_files";
    case Offer::Folders:
      return "_files -/";
    case Offer::Containers:
      return base::cat("_", program, "_containers");
    case Offer::Images:
      return base::cat("_", program, "_images");
  }
  return " ";
}

// '(-b --bundle)'{-b+,--bundle=}'[folder]:DIR:_files -/'
std::string argument(const std::string& program, const Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.names)
    names.push_back(option.value.empty() ? name : name + (name.starts_with("--") ? "=" : "+"));
  auto what = base::cat("[", escaped(option.what, "\\[]:"), "]");
  if (!option.value.empty())
    what += base::cat(":", escaped(option.value, "\\:"), ":",
                      action(program, option.value, option.choices));
  if (names.size() == 1) return quoted("*" + names.front() + what);
  return base::cat("'*'{", base::join(names, ","), "}", quoted(what));
}

std::string arguments(const std::string& program, const Command& command,
                      const std::string& indent) {
  std::string out;
  for (const auto& option : command.options)
    out += base::cat(indent, argument(program, option), " \\\n");
  for (const auto& word : command.words) {
    bool foreign = word.rest && word.name != "CONTAINER";
    auto place = foreign || word.repeated ? "*:" : ":";
    out += base::cat(indent,
                     quoted(base::cat(place, escaped(word.name, "\\:"), ":",
                                      action(program, word.name, word.choices))),
                     " \\\n");
  }
  return out;
}

// Behind a container nothing is ours; see add_rest.
bool ends_at_first_word(const Command& command) { return last_place_of_options(command) == 0; }

// "name:what it does", one a line.
std::string named(const std::vector<Command>& commands, const std::string& indent) {
  std::string out;
  for (const auto& command : commands)
    out +=
        base::cat(indent, quoted(base::cat(command.name, ":", escaped(command.what, "\\:"))), "\n");
  return out;
}

std::string command_case(const std::string& program, const Command& command,
                         const std::string& indent);

// A group has a line within the line.
std::string group_case(const std::string& program, const Command& group,
                       const std::string& indent) {
  auto out = base::cat(
      indent, group.name, ")\n", indent, "  commands=(\n", named(group.commands, indent + "    "),
      indent, "  )\n", indent, "  state=\n", indent, "  _arguments -C -S \\\n",
      arguments(program, group, indent + "    "), indent,
      "    ': :->command' '*:: :->arguments' && ret=0\n", indent, "  case $state in\n", indent,
      "    command) _describe -t commands command commands && ret=0 ;;\n", indent,
      "    arguments)\n", indent, "      case $words[1] in\n");
  for (const auto& command : group.commands)
    out += command_case(program, command, indent + "        ");
  return base::cat(out, indent, "      esac\n", indent, "      ;;\n", indent, "  esac\n", indent,
                   "  ;;\n");
}

std::string command_case(const std::string& program, const Command& command,
                         const std::string& indent) {
  if (!command.commands.empty()) return group_case(program, command, indent);
  return base::cat(indent, command.name, ")\n", indent, "  _arguments -S ",
                   ends_at_first_word(command) ? "-A '-*' " : "", "\\\n",
                   arguments(program, command, indent + "    "), indent, "    && ret=0\n", indent,
                   "  ;;\n");
}

}  // namespace

std::string zsh_completion(const Command& program) {
  auto commands = named(program.commands, "    ");
  std::string all;
  for (const auto& command : program.commands)
    all += command_case(program.name, command, "        ");
  auto globals = arguments(program.name, program, "    ");
  for (auto text : {&commands, &all, &globals}) text->pop_back();
  return fill(kScript, {{"commands", commands},
                        {"globals", globals},
                        {"arguments", all},
                        {"folders", base::join(folder_options(program), " ")},
                        {"name", program.name}});
}

}  // namespace cli
