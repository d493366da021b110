#include "spec/reading.h"

namespace spec {

void Reader::propagation(std::string_view name, std::optional<Propagation>& out, bool& recursive) {
  RootfsPropagation read{Propagation::Private, true};
  auto at = optional(name);
  // containerd writes "" where nothing is meant.
  if (!at || empty_text(*at)) return;
  note(word(*at, read, kPropagations));
  out = read.kind;
  recursive = read.recursive;
}

base::Status Reader::take(const base::Place& place, std::string& out) {
  out = TRY(place.string());
  return {};
}

base::Status Reader::take(const base::Place& place, bool& out) {
  out = TRY(place.boolean());
  return {};
}

base::Status Reader::take(const base::Place& place, std::vector<std::string>& out) {
  out = TRY(place.strings());
  return {};
}

base::Status Reader::take(const base::Place& place,
                          std::vector<std::pair<std::string, std::string>>& out) {
  out = TRY(place.string_map());
  return {};
}

void Reader::list_word(std::string& list, std::string_view word) {
  if (!list.empty()) list += ", ";
  list += word;
}

bool Reader::empty_text(const base::Place& place) {
  auto text = place.json().string();
  return text && text->empty();
}

std::optional<base::Place> Reader::required(std::string_view name) {
  if (problem_) return std::nullopt;
  auto at = place_.at(name);
  if (at) return std::move(at).value();
  problem_ = std::move(at).error();
  return std::nullopt;
}

std::optional<base::Place> Reader::optional(std::string_view name) {
  if (problem_) return std::nullopt;
  auto at = place_.find(name);
  if (at) return std::move(at).value();
  problem_ = std::move(at).error();
  return std::nullopt;
}

void Reader::note(base::Status status) {
  if (!status) problem_ = std::move(status).error();
}

}  // namespace spec
