// JSON as plain values, and typed reading that knows its path ("linux.resources.cpu.quota").
// The only user of nlohmann/json is json.cc.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace base {

// A JSON document as a value. Objects keep the order of their members.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool b) : v_(b) {}
  Json(std::integral auto n) {
    if constexpr (std::signed_integral<decltype(n)>)
      v_ = static_cast<std::int64_t>(n);
    else
      v_ = static_cast<std::uint64_t>(n);
  }
  Json(double d) : v_(d) {}
  Json(std::string s) : v_(std::move(s)) {}
  Json(std::string_view s) : v_(std::string(s)) {}
  Json(const char* s) : v_(std::string(s)) {}
  Json(const std::vector<std::string>& list);

  static Json array() { return Json(Array{}); }
  static Json object() { return Json(Object{}); }
  explicit Json(Array a) : v_(std::move(a)) {}
  explicit Json(Object o) : v_(std::move(o)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(v_); }
  const bool* boolean() const { return std::get_if<bool>(&v_); }
  const std::string* string() const { return std::get_if<std::string>(&v_); }
  const Array* array_items() const { return std::get_if<Array>(&v_); }
  const Object* members() const { return std::get_if<Object>(&v_); }
  Object* members() { return std::get_if<Object>(&v_); }
  const std::int64_t* negative_or_signed() const { return std::get_if<std::int64_t>(&v_); }
  const std::uint64_t* unsigned_number() const { return std::get_if<std::uint64_t>(&v_); }
  const double* real() const { return std::get_if<double>(&v_); }
  // The member of this name, or nullptr (also when this is no object).
  const Json* find(std::string_view name) const;

  // Sets a member (an object; null becomes one), replacing one of the same name.
  Json& set(std::string_view name, Json value) &;
  Json&& set(std::string_view name, Json value) && {
    return std::move(set(name, std::move(value)));
  }
  // The same, when there is something to set: absent optionals and empty lists, maps and texts
  // stay out.
  template <class T>
  Json& set_some(std::string_view name, const std::optional<T>& value) & {
    if (value) set(name, Json(*value));
    return *this;
  }
  Json& set_some(std::string_view name, const std::string& text) &;
  Json& set_some(std::string_view name, const std::vector<std::string>& list) &;
  Json& set_some(std::string_view name,
                 const std::vector<std::pair<std::string, std::string>>& m) &;
  Json& set_some(std::string_view name, Json value) &;  // an empty array or object stays out
  // Adds an item (an array; null becomes one).
  void push(Json value);

  friend bool operator==(const Json&, const Json&) = default;

 private:
  friend struct JsonBuilder;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      v_;
};

// Refuses what is not UTF-8 JSON, duplicate member names, nesting deeper than 128, and anything
// after the document. The error names line and column.
Result<Json> parse_json(std::string_view text);

// indent < 0: compact, on one line, "/" unescaped. Bytes that are no UTF-8 become U+FFFD.
std::string dump(const Json& json, int indent = -1);

// Kind::Unsupported for the first text that is not UTF-8, with its place: dump() would change it.
Status check_texts(const Json& json);

// A place in a document: a value and the path to it. It borrows the document.
class Place {
 public:
  explicit Place(const Json& root) : json_(&root) {}

  // "linux.resources.cpu.quota", "mounts[3]"; "the document" at the root.
  std::string path() const { return path_.empty() ? "the document" : path_; }
  const Json& json() const { return *json_; }

  // The member, absent also when it is null. An error when this is no object.
  Result<std::optional<Place>> find(std::string_view name) const;
  // The member; an error when it is absent.
  Result<Place> at(std::string_view name) const;

  Result<std::string> string() const;
  Result<bool> boolean() const;
  Result<std::vector<Place>> items() const;
  Result<std::vector<std::pair<std::string, Place>>> members() const;
  Result<std::vector<std::string>> strings() const;
  Result<std::vector<std::pair<std::string, std::string>>> string_map() const;
  Result<std::int64_t> int64(std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                             std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  Result<std::uint64_t> uint64(
      std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;
  template <std::integral T>
  Result<T> number() const {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::signed_integral<T>)
      return static_cast<T>(TRY(int64(Limits::min(), Limits::max())));
    else
      return static_cast<T>(TRY(uint64(Limits::max())));
  }

  // Members that may be absent.
  Result<std::optional<std::string>> opt_string(std::string_view name) const;
  Result<std::string> string_or(std::string_view name, std::string_view otherwise) const;
  Result<std::optional<bool>> opt_bool(std::string_view name) const;
  Result<std::vector<std::string>> opt_strings(std::string_view name) const;
  Result<std::vector<std::pair<std::string, std::string>>> opt_string_map(
      std::string_view name) const;
  template <std::integral T>
  Result<std::optional<T>> opt_number(std::string_view name) const {
    auto place = TRY(find(name));
    if (!place) return std::optional<T>();
    return std::optional<T>(TRY(place->template number<T>()));
  }

  // "linux.x: must be an absolute path, got "tmp""
  Error error(std::string_view wanted) const;

 private:
  Place(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}
  const Json* json_;
  std::string path_;
};

}  // namespace base
