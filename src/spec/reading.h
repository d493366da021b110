// The reader's side of `members` (is.h): fills in a struct from a place in a document.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/named.h"
#include "base/result.h"
#include "spec/words.h"

namespace spec {

// Reads one object. The first failure is kept and makes every later member a no-op.
class Reader {
 public:
  explicit Reader(const base::Place& place) : place_(place) {}

  // The whole of T from a place.
  template <class T>
  static base::Result<T> read(const base::Place& place) {
    T out{};
    TRY(take(place, out));
    return out;
  }

  template <class T>
  void must(std::string_view name, T& out) {
    if (auto at = required(name)) note(take(*at, out));
  }
  template <class T>
  void may(std::string_view name, T& out) {
    if (auto at = optional(name)) note(take(*at, out));
  }
  template <class T>
  void must_unless(bool excused, std::string_view name, T& out) {
    if (excused)
      may(name, out);
    else
      must(name, out);
  }
  template <class T, class Table>
  void must_word(std::string_view name, T& out, const Table& table) {
    if (auto at = required(name)) note(word(*at, out, table));
  }
  template <class T, class Table>
  void may_word(std::string_view name, T& out, const Table& table) {
    if (auto at = optional(name); at && !empty_text(*at)) note(word(*at, out, table));
  }
  template <class Table>
  void may_words(std::string_view name, std::vector<std::string>& out, const Table& table) {
    if (auto at = optional(name)) note(word_list(*at, out, table));
  }
  template <class Table>
  void may_words(std::string_view name, std::optional<std::vector<std::string>>& out,
                 const Table& table) {
    if (auto at = optional(name)) note(word_list(*at, out.emplace(), table));
  }
  template <class T>
  void keyed(std::string_view name, std::vector<T>& out, std::string T::*key) {
    if (auto at = optional(name)) note(keyed_items(*at, out, key));
  }
  void inside(std::string_view name, auto&& list) {
    auto at = optional(name);
    if (!at) return;
    Reader inner(*at);
    list(inner);
    if (inner.problem_) problem_ = std::move(inner.problem_);
  }
  void propagation(std::string_view name, std::optional<Propagation>& out, bool& recursive);

 private:
  template <class T>
  static base::Status take(const base::Place& place, T& out) {
    Reader reader(place);
    if (!place.json().members()) return place.error("must be an object");
    members(reader, out);
    if (reader.problem_) return *std::move(reader.problem_);
    return {};
  }
  template <std::integral T>
  static base::Status take(const base::Place& place, T& out) {
    out = TRY(place.number<T>());
    return {};
  }
  static base::Status take(const base::Place& place, std::string& out);
  static base::Status take(const base::Place& place, bool& out);
  static base::Status take(const base::Place& place, std::vector<std::string>& out);
  static base::Status take(const base::Place& place,
                           std::vector<std::pair<std::string, std::string>>& out);
  template <class T>
  static base::Status take(const base::Place& place, std::optional<T>& out) {
    return take(place, out.emplace());
  }
  template <class T>
  static base::Status take(const base::Place& place, std::vector<T>& out) {
    auto all = TRY(place.items());
    out.resize(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) TRY(take(all[i], out[i]));
    return {};
  }

  template <class T, std::size_t N>
  static base::Status word(const base::Place& place, T& out,
                           const std::array<base::Named<T>, N>& table) {
    auto text = TRY(place.string());
    auto value = base::value_of(table, text);
    if (!value) {
      std::string known;
      for (const auto& row : table) list_word(known, row.word);
      return place.error(base::cat("must be one of ", known));
    }
    out = *value;
    return {};
  }
  template <std::size_t N>
  static base::Status word(const base::Place& place, std::string& out,
                           const std::array<std::string_view, N>& table) {
    out = TRY(place.string());
    for (auto known : table)
      if (known == out) return {};
    std::string known;
    for (auto one : table) list_word(known, one);
    return place.error(base::cat("must be one of ", known));
  }
  template <class Table>
  static base::Status word_list(const base::Place& place, std::vector<std::string>& out,
                                const Table& table) {
    auto all = TRY(place.items());
    out.resize(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) TRY(word(all[i], out[i], table));
    return {};
  }
  template <class T>
  static base::Status keyed_items(const base::Place& place, std::vector<T>& out,
                                  std::string T::*key) {
    auto all = TRY(place.members());
    out.resize(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      TRY(take(all[i].second, out[i]));
      out[i].*key = all[i].first;
    }
    return {};
  }

  static void list_word(std::string& list, std::string_view word);
  static bool empty_text(const base::Place& place);
  std::optional<base::Place> required(std::string_view name);
  std::optional<base::Place> optional(std::string_view name);
  void note(base::Status status);

  const base::Place& place_;
  std::optional<base::Error> problem_{};
};

}  // namespace spec
