// The writer's side of `members` (is.h): makes a JSON object of a struct.
#pragma once
#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/named.h"
#include "spec/words.h"

namespace spec {

// Writes one object. What is absent, empty or false in a member that need not be there stays out.
class Writer {
 public:
  template <class T>
  static base::Json write(const T& x) {
    Writer writer;
    members(writer, x);
    return std::move(writer.json_);
  }

  template <class T>
  void must(std::string_view name, const T& x) {
    json_.set(name, value(x));
  }
  template <class T>
  void may(std::string_view name, const T& x) {
    json_.set_some(name, value(x));
  }
  void may(std::string_view name, const std::string& x) { json_.set_some(name, x); }
  void may(std::string_view name, bool x) {
    if (x) json_.set(name, true);
  }
  // Present and empty differs from absent.
  template <class T>
  void may(std::string_view name, const std::optional<T>& x) {
    if (x) json_.set(name, value(*x));
  }
  template <class T>
  void must_unless(bool excused, std::string_view name, const T& x) {
    if (!excused || x != T{}) must(name, x);
  }
  template <class T, std::size_t N>
  void must_word(std::string_view name, const T& x, const std::array<base::Named<T>, N>& table) {
    json_.set(name, base::word_of(table, x));
  }
  template <class Table>
  void must_word(std::string_view name, const std::string& x, const Table&) {
    must(name, x);
  }
  template <class Table>
  void may_word(std::string_view name, const std::string& x, const Table&) {
    may(name, x);
  }
  template <class T, class Table>
  void may_words(std::string_view name, const T& x, const Table&) {
    may(name, x);
  }
  template <class T>
  void keyed(std::string_view name, const std::vector<T>& items, std::string T::*key) {
    auto object = base::Json::object();
    for (const auto& item : items) object.set(item.*key, value(item));
    json_.set_some(name, std::move(object));
  }
  void inside(std::string_view name, auto&& list) {
    Writer inner;
    list(inner);
    json_.set_some(name, std::move(inner.json_));
  }
  void propagation(std::string_view name, const std::optional<Propagation>& kind, bool recursive) {
    if (kind) json_.set(name, base::word_of(kPropagations, RootfsPropagation{*kind, recursive}));
  }

 private:
  template <class T>
  static base::Json value(const T& x) {
    if constexpr (std::integral<T>)
      return base::Json(x);
    else
      return write(x);
  }
  static base::Json value(const std::string& x) { return base::Json(x); }
  static base::Json value(const std::vector<std::string>& x) { return base::Json(x); }
  static base::Json value(const std::vector<std::pair<std::string, std::string>>& x) {
    auto object = base::Json::object();
    for (const auto& [name, text] : x) object.set(name, text);
    return object;
  }
  template <class T>
  static base::Json value(const std::vector<T>& items) {
    auto array = base::Json::array();
    for (const auto& item : items) array.push(value(item));
    return array;
  }

  base::Json json_ = base::Json::object();
};

}  // namespace spec
