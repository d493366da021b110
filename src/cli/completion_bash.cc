#include <map>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/offers.h"

namespace cli {
namespace {

constexpr const char* kScript =
    R"sh(# Completion of @name@ for bash, as printed by: @name@ completion bash

# The words up to the cursor; bash splits them at "=" and ":", too.
_@name@_words() {
  local line=$COMP_LINE piece i
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then words+=("$piece"); else words[-1]+=$piece; fi
    line=${line#*"$piece"}
  done
}

# Whether this word of this command wants a value behind it.
_@name@_takes() {
  case "$1 $2" in
@takes@
  esac
  return 1
}

# Offers those of the lines "name" or "name<tab>explanation" that fit. A name that the shell would
# not take as it stands is left out.
_@name@_match() {
  local name what
  while IFS=$'\t' read -r name what; do
    [[ $name == "$word"* && $name != *[!A-Za-z0-9._/:@+-]* ]] || continue
    COMPREPLY+=("$name")
    whats+=("$what")
  done
}

_@name@_ask() { "${words[0]/#\~\//$HOME/}" "${folder[@]}" "$@" 2>/dev/null; }

_@name@_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$word")
}

_@name@_value() {
  case "$1 $2" in
@values@
  esac
}

_@name@_options() {
  case $1 in
@options@
  esac
}

_@name@_place() {
  case "$1 $2" in
@places@
  esac
}

# The last place of a word where options may stand.
_@name@_last() {
  case $1 in
@lasts@
    *) echo 99 ;;
  esac
}

_@name@() {
  local words word whats=() command= before= place=0 folder=() lead= cut i
  COMPREPLY=()
  _@name@_words
  word=${words[-1]}
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    if [[ $before ]]; then
      case $before in @folders@) folder=("$before" "${words[i]}") ;; esac
      before=
    elif [[ ${words[i]} == -*=* ]]; then
      case ${words[i]%%=*} in @folders@) folder=("${words[i]}") ;; esac
    elif _@name@_takes "$command" "${words[i]}"; then
      before=${words[i]}
    elif [[ ${words[i]} != -* ]]; then
      case $command in
        ''@groups@) command=${command:+$command }${words[i]} ;;
        *) place=$((place + 1)) ;;
      esac
    fi
  done
  if [[ ! $before && $word == --*=* ]]; then
    before=${word%%=*} word=${word#*=}
    [[ $COMP_WORDBREAKS == *=* ]] || lead=$before=
  fi
  if [[ $before ]]; then
    _@name@_value "$command" "$before"
  elif ((place > $(_@name@_last "$command"))); then
    return
  elif [[ $word == -* ]]; then
    _@name@_match < <(_@name@_options "$command")
  else
    _@name@_place "$command" "$place"
  fi
  # What is replaced begins behind the last letter that splits words.
  cut=${COMP_WORDBREAKS//[!:=]/}
  if [[ $cut ]]; then cut=${word%"${word##*[$cut]}"}; fi
  for i in "${!COMPREPLY[@]}"; do
    COMPREPLY[i]=$lead${COMPREPLY[i]#"$cut"}
    # A list to be looked at.
    if [[ ${COMP_TYPE-} == 63 && ${#COMPREPLY[@]} -gt 1 && ${whats[i]-} ]]; then
      printf -v "COMPREPLY[i]" '%-20s (%s)' "${COMPREPLY[i]}" "${whats[i]}"
    fi
  done
}

complete -F _@name@ @name@
)sh";

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Lines for _match, as one word of the shell's.
std::string lines(const std::vector<std::string>& all) { return quoted(base::join(all, "\n")); }

std::string action(Offer offer, const std::string& program, const std::string& name,
                   const std::vector<std::string>& choices) {
  auto function = base::cat("_", program, "_");
  switch (offer) {
    case Offer::Nothing:
      return "";
    case Offer::Choices:
      return base::cat(function, "match <<<", lines(choices_of(name, choices)));
    case Offer::Files:
      return function + "files -f";
    case Offer::Folders:
      return function + "files -d";
    case Offer::Containers:
      return base::cat(function, "match < <(", function, "ask list -q)");
    case Offer::Images:
      return base::cat(function, "match < <(", function, "ask images -q)");
  }
  return "";
}

// The branches of a case: what is to be done → for which patterns.
std::string branches(const std::map<std::string, std::vector<std::string>>& actions) {
  std::string out;
  for (const auto& [what, patterns] : actions)
    if (!what.empty()) out += base::cat("    ", base::join(patterns, " | "), ") ", what, " ;;\n");
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

using Actions = std::map<std::string, std::vector<std::string>>;

Actions takes(const Command& program) {
  Actions out;
  for (const auto& [command, here] : places(program))
    for (const auto& option : here.options)
      for (const auto& name : option.names)
        if (!option.value.empty())
          out["return 0"].push_back(base::cat('"', command, " ", name, '"'));
  return out;
}

Actions values(const Command& program) {
  Actions out;
  for (const auto& [command, here] : places(program))
    for (const auto& option : here.options) {
      auto what = action(offer_of(option.value, option.choices), program.name, option.value,
                         option.choices);
      for (const auto& name : option.names)
        if (!option.value.empty()) out[what].push_back(base::cat('"', command, " ", name, '"'));
    }
  return out;
}

// What may stand at which place of which command: names of commands, and words.
Actions words(const Command& program) {
  Actions out;
  for (const auto& [name, here] : places(program)) {
    std::vector<std::string> commands;
    for (const auto& command : here.commands)
      commands.push_back(command.name + "\t" + command.what);
    if (!commands.empty())
      out[base::cat("_", program.name, "_match <<<", lines(commands))].push_back(
          base::cat('"', name, " 0\""));
    for (std::size_t i = 0; i < here.words.size(); ++i) {
      const auto& word = here.words[i];
      auto what = action(offer_of(word.name, word.choices), program.name, word.name, word.choices);
      auto place = word.repeated ? base::cat('"', name, " \"*") : base::cat('"', name, " ", i, '"');
      out[what].push_back(place);
    }
  }
  return out;
}

std::string options(const Command& program) {
  std::string out;
  for (const auto& [command, here] : places(program)) {
    std::vector<std::string> all;
    for (const auto& option : here.options)
      for (const auto& name : option.names) all.push_back(name + "\t" + option.what);
    out += base::cat("    '", command, "') printf '%s\\n' ", lines(all), " ;;\n");
  }
  out.pop_back();
  return out;
}

Actions lasts(const Command& program) {
  Actions out;
  for (const auto& [name, here] : places(program)) {
    auto last = last_place_of_options(here);
    if (last < here.words.size())
      out[base::cat("echo ", last)].push_back(base::cat('"', name, '"'));
  }
  return out;
}

}  // namespace

std::string bash_completion(const Command& program) {
  auto folders = folder_options(program);
  std::string group_names;
  for (const auto& group : groups(program)) group_names += " | " + group;
  return fill(kScript, {{"takes", branches(takes(program))},
                        {"values", branches(values(program))},
                        {"options", options(program)},
                        {"places", branches(words(program))},
                        {"lasts", branches(lasts(program))},
                        {"folders", folders.empty() ? "''" : base::join(folders, " | ")},
                        {"groups", group_names},
                        {"name", program.name}});
}

}  // namespace cli
