#include "image/instruction.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

namespace image {
namespace {

using base::Json;
using base::Result;
using base::Status;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Words between blanks; quotes, single or double, and a backslash keep blanks within.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  bool begun = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      begun = true;
    } else if (quote != 0 ? c == quote : (c == '"' || c == '\'')) {
      quote = quote != 0 ? 0 : c;
      begun = true;
    } else if (quote == 0 && is_blank(c)) {
      if (begun) out.push_back(std::exchange(word, {}));
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (quote != 0) return base::usage_error("a quote is not closed");
  if (begun) out.push_back(std::move(word));
  return out;
}

// "[\"a\", \"b\"]" as a list, or nothing when it is not one.
std::optional<std::vector<std::string>> json_list(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  auto json = base::parse_json(text);
  if (!json) return std::nullopt;
  auto list = base::Place(json.value()).strings();
  if (!list) return std::nullopt;
  return std::move(list).value();
}

// The form without brackets is a shell's.
Json command(std::string_view text) {
  if (auto list = json_list(text)) return Json(*list);
  return Json(std::vector<std::string>{"/bin/sh", "-c", std::string(text)});
}

struct Pair {
  std::string name{};
  std::string value{};
};

// "a=b c=d", or the older "a b c" for one.
Result<std::vector<Pair>> pairs_of(std::string_view text) {
  auto words = TRY(words_of(text));
  if (words.empty()) return base::usage_error("wants NAME=VALUE");
  if (words[0].find('=') == std::string::npos) {
    auto blank = text.find_first_of(" \t");
    if (blank == std::string_view::npos) return base::usage_error("wants NAME=VALUE");
    return std::vector<Pair>{{words[0], std::string(base::trim(text.substr(blank)))}};
  }
  std::vector<Pair> out;
  for (const auto& word : words) {
    auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return base::usage_error(base::quote(word), " is not NAME=VALUE");
    out.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  return out;
}

// Adds members of empty objects: a set, as the specification writes it.
Status add_to_set(Json& config, std::string_view name, const std::vector<std::string>& words) {
  if (words.empty()) return base::usage_error("wants at least one word");
  auto present = config.find(name);
  auto set = present && present->members() ? *present : Json::object();
  for (const auto& word : words) set.set(word, Json::object());
  config.set(name, std::move(set));
  return {};
}

Status set_env(Json& config, std::string_view rest) {
  auto pairs = TRY(pairs_of(rest));
  auto list = Json::Array();
  if (auto present = config.find("Env"); present && present->array_items())
    list = *present->array_items();
  for (const auto& pair : pairs) {
    auto start = pair.name + "=";
    std::erase_if(list, [&](const Json& entry) {
      return entry.string() && entry.string()->starts_with(start);
    });
    list.emplace_back(start + pair.value);
  }
  config.set("Env", Json(std::move(list)));
  return {};
}

Status set_labels(Json& config, std::string_view rest) {
  auto pairs = TRY(pairs_of(rest));
  auto present = config.find("Labels");
  auto labels = present && present->members() ? *present : Json::object();
  for (const auto& pair : pairs) labels.set(pair.name, pair.value);
  config.set("Labels", std::move(labels));
  return {};
}

Status expose(Json& config, std::string_view rest) {
  auto words = TRY(words_of(rest));
  for (auto& word : words)
    if (word.find('/') == std::string::npos) word += "/tcp";
  return add_to_set(config, "ExposedPorts", words);
}

Status set_volumes(Json& config, std::string_view rest) {
  if (auto list = json_list(rest)) return add_to_set(config, "Volumes", *list);
  auto words = TRY(words_of(rest));
  return add_to_set(config, "Volumes", words);
}

Status set_workdir(Json& config, std::string_view rest) {
  std::string path(rest);
  if (!path.starts_with('/')) {
    auto present = config.find("WorkingDir");
    std::string above = present && present->string() ? *present->string() : "";
    path = base::cat(above, above.ends_with('/') ? "" : "/", path);
  }
  config.set("WorkingDir", path);
  return {};
}

Status change(std::string_view word, std::string_view rest, Json& config) {
  if (rest.empty()) return base::usage_error("says nothing");
  if (word == "CMD")
    config.set("Cmd", command(rest));
  else if (word == "ENTRYPOINT")
    config.set("Entrypoint", command(rest));
  else if (word == "ENV")
    return set_env(config, rest);
  else if (word == "LABEL")
    return set_labels(config, rest);
  else if (word == "EXPOSE")
    return expose(config, rest);
  else if (word == "VOLUME")
    return set_volumes(config, rest);
  else if (word == "WORKDIR")
    return set_workdir(config, rest);
  else if (word == "USER")
    config.set("User", rest);
  else if (word == "STOPSIGNAL")
    config.set("StopSignal", rest);
  else
    return base::usage_error(
        "is none of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR");
  return {};
}

}  // namespace

Status apply_instruction(std::string_view text, Json& image_config) {
  auto line = base::trim(text);
  auto end = std::min(line.find_first_of(" \t"), line.size());
  std::string word(line.substr(0, end));
  for (auto& c : word)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  auto present = image_config.find("config");
  auto config = present && present->members() ? *present : Json::object();
  TRY(change(word, base::trim(line.substr(end)), config), "instruction ", base::quote(line));
  image_config.set("config", std::move(config));
  return {};
}

}  // namespace image
