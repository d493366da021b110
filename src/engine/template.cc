#include "engine/template.h"

#include <algorithm>

#include "base/text.h"

namespace engine {
namespace {

using base::Json;
using base::Result;

constexpr std::string_view kOpen = "{{", kClose = "}}";
constexpr int kDeepest = 16;

// As Go prints a value.
std::string show(const Json& value) {
  if (value.is_null()) return "<no value>";
  if (auto text = value.string()) return *text;
  if (auto yes = value.boolean()) return *yes ? "true" : "false";
  std::string out;
  if (auto items = value.array_items()) {
    for (const auto& item : *items) out += (out.empty() ? "" : " ") + show(item);
    return "[" + out + "]";
  }
  if (auto members = value.members()) {
    auto sorted = *members;
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [name, item] : sorted)
      out += base::cat(out.empty() ? "" : " ", name, ":", show(item));
    return "map[" + out + "]";
  }
  return base::dump(value);
}

// ".A.B", ".": the place in the document.
Result<Json> value_at(std::string_view path, const Json& document) {
  if (!path.starts_with('.'))
    return base::usage_error("--format: ", base::quote(path),
                             " is none of: .NAME, json, index, len, join, upper, lower, range");
  auto here = document;
  for (auto name : base::split(path.substr(1), '.')) {
    auto found = here.find(name);
    if (!found)
      return base::usage_error("--format: there is no ", base::quote(name), " in ",
                               base::quote(path));
    // A copy first: it is a part of what it replaces.
    auto next = *found;
    here = std::move(next);
  }
  return here;
}

// Words, and texts in quotes, which keep their first quote.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!(text = base::trim(text)).empty()) {
    char first = text.front();
    if (first == '"' || first == '`') {
      auto end = text.find(first, 1);
      if (end == std::string_view::npos)
        return base::usage_error("--format: a quote is not closed");
      out.emplace_back(text.substr(0, end));
      text.remove_prefix(end + 1);
      continue;
    }
    auto end = std::min(text.find_first_of(" \t\n\"`"), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

Result<Json> operand(const std::string& word, const Json& document) {
  if (word.starts_with('"') || word.starts_with('`')) return Json(word.substr(1));
  if (auto number = base::parse<std::uint64_t>(word)) return Json(*number);
  return value_at(word, document);
}

Result<Json> at_index(const Json& value, const Json& key) {
  if (auto name = key.string()) {
    auto found = value.find(*name);
    return found ? *found : Json();
  }
  auto number = key.unsigned_number();
  auto items = value.array_items();
  if (number && items && *number < items->size()) return (*items)[*number];
  return base::usage_error("--format: index: there is no such item");
}

std::string in_case(std::string text, bool upper) {
  for (auto& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<std::string> call(const std::string& name, const std::vector<Json>& with) {
  if (name == "json" && with.size() == 1) return base::dump(with[0]);
  if (name == "println" && with.size() == 1) return show(with[0]) + "\n";
  if (name == "upper" && with.size() == 1) return in_case(show(with[0]), true);
  if (name == "lower" && with.size() == 1) return in_case(show(with[0]), false);
  if (name == "len" && with.size() == 1) {
    if (auto items = with[0].array_items()) return base::cat(items->size());
    if (auto members = with[0].members()) return base::cat(members->size());
    return base::cat(show(with[0]).size());
  }
  if (name == "index" && with.size() >= 2) {
    auto value = with[0];
    for (std::size_t i = 1; i < with.size(); ++i) {
      auto next = TRY(at_index(value, with[i]));
      value = std::move(next);
    }
    return show(value);
  }
  if (name == "join" && with.size() == 2 && with[0].array_items()) {
    std::string out;
    for (const auto& item : *with[0].array_items()) {
      if (&item != with[0].array_items()->data()) out += show(with[1]);
      out += show(item);
    }
    return out;
  }
  return base::usage_error("--format: {{", name,
                           "}} is not understood here: .NAME, json, index, len, join, upper, "
                           "lower, println and range are");
}

class Filler {
 public:
  explicit Filler(std::string_view text) : rest_(text) {}

  // To the end, or to the {{end}} of a range.
  Result<std::string> fill(const Json& document, int depth) {
    if (depth > kDeepest) return base::usage_error("--format: too many ranges in each other");
    std::string out;
    for (;;) {
      auto open = rest_.find(kOpen);
      out += rest_.substr(0, open);
      if (open == std::string_view::npos) {
        rest_ = {};
        if (depth > 0) return base::usage_error("--format: {{range}} has no {{end}}");
        return out;
      }
      rest_.remove_prefix(open + kOpen.size());
      auto close = rest_.find(kClose);
      if (close == std::string_view::npos) return base::usage_error("--format: {{ has no }}");
      auto inner = rest_.substr(0, close);
      rest_.remove_prefix(close + kClose.size());
      auto words = TRY(words_of(inner));
      if (words.empty()) return base::usage_error("--format: {{}} says nothing");
      if (words[0] == "end") {
        if (depth == 0) return base::usage_error("--format: {{end}} ends nothing");
        return out;
      }
      auto filled = words[0] == "range" ? range(words, document, depth) : one(words, document);
      out += TRY(std::move(filled));
    }
  }

 private:
  static Result<std::string> one(const std::vector<std::string>& words, const Json& document) {
    if (words.size() == 1) {
      auto value = TRY(operand(words[0], document));
      return show(value);
    }
    std::vector<Json> with;
    for (std::size_t i = 1; i < words.size(); ++i) with.push_back(TRY(operand(words[i], document)));
    return call(words[0], with);
  }

  Result<std::string> range(const std::vector<std::string>& words, const Json& document,
                            int depth) {
    if (words.size() != 2)
      return base::usage_error("--format: {{range}} takes one value, and no variables");
    auto over = TRY(value_at(words[1], document));
    std::vector<Json> items;
    if (auto list = over.array_items()) items = *list;
    if (auto members = over.members())
      for (const auto& member : *members) items.push_back(member.second);
    auto body = rest_;
    std::string out;
    for (const auto& item : items) {
      rest_ = body;
      out += TRY(fill(item, depth + 1));
    }
    if (items.empty()) TRY(pass_over(depth));
    return out;
  }

  // To behind the {{end}} that belongs to us.
  base::Status pass_over(int depth) {
    for (int open = 1; open > 0;) {
      auto begin = rest_.find(kOpen);
      auto close = begin == std::string_view::npos ? begin : rest_.find(kClose, begin);
      if (close == std::string_view::npos || depth > kDeepest)
        return base::usage_error("--format: {{range}} has no {{end}}");
      auto word = base::trim(rest_.substr(begin + kOpen.size(), close - begin - kOpen.size()));
      if (word == "end") --open;
      if (word.starts_with("range ")) ++open;
      rest_.remove_prefix(close + kClose.size());
    }
    return {};
  }

  std::string_view rest_;
};

}  // namespace

Result<std::string> fill_template(std::string_view text, const Json& document) {
  auto out = TRY(Filler(text).fill(document, 0));
  return out + "\n";
}

}  // namespace engine
