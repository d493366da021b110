#include "plan/bus_value.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"

namespace plan {
namespace {

constexpr unsigned kDeepest = 16;
// The types that a keyword in front of a value names.
struct TypeWord {
  std::string_view word;
  char type;
};
constexpr TypeWord kTypeWords[] = {
    {"boolean", 'b'}, {"byte", 'y'},  {"int16", 'n'},      {"uint16", 'q'},    {"int32", 'i'},
    {"uint32", 'u'},  {"int64", 'x'}, {"uint64", 't'},     {"double", 'd'},    {"string", 's'},
    {"handle", 'h'},  {"float", 'd'}, {"objectpath", 'o'}, {"signature", 'g'},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The whole type at the beginning of a signature; nothing if there is none.
std::string_view first_type(std::string_view signature) {
  if (signature.empty()) return {};
  constexpr std::string_view kBasic = "bynqiuxtdsog";
  if (kBasic.find(signature[0]) != kBasic.npos) return signature.substr(0, 1);
  if (signature[0] == 'a') {
    auto one = first_type(signature.substr(1));
    return one.empty() ? one : signature.substr(0, one.size() + 1);
  }
  if (signature[0] != '(') return {};
  std::size_t at = 1;
  while (at < signature.size() && signature[at] != ')') {
    auto one = first_type(signature.substr(at));
    if (one.empty()) return {};
    at += one.size();
  }
  return at < signature.size() && at > 1 ? signature.substr(0, at + 1) : std::string_view();
}

template <class T>
std::optional<BusValue> fitting(char type, bool negative, std::uint64_t size) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  if constexpr (std::numeric_limits<T>::is_signed) {
    if (size > kMost + (negative ? 1 : 0)) return std::nullopt;
    auto value = negative ? static_cast<std::int64_t>(~size + 1) : static_cast<std::int64_t>(size);
    return BusValue{std::string(1, type), value};
  } else {
    if (size > kMost || (negative && size != 0)) return std::nullopt;
    return BusValue{std::string(1, type), size};
  }
}

std::optional<BusValue> integer(char type, bool negative, std::uint64_t size) {
  switch (type) {
    case 'y':
      return fitting<std::uint8_t>(type, negative, size);
    case 'n':
      return fitting<std::int16_t>(type, negative, size);
    case 'q':
      return fitting<std::uint16_t>(type, negative, size);
    case 'i':
      return fitting<std::int32_t>(type, negative, size);
    case 'u':
      return fitting<std::uint32_t>(type, negative, size);
    case 'x':
      return fitting<std::int64_t>(type, negative, size);
    case 't':
      return fitting<std::uint64_t>(type, negative, size);
    default:
      return std::nullopt;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<BusValue> whole() {
    auto value = TRY(read("", 0));
    skip_blanks();
    if (!rest_.empty()) return wrong("nothing may follow the value");
    return value;
  }

 private:
  // `type` is what is wanted; empty: whatever it turns out to be.
  Result<BusValue> read(std::string_view type, unsigned depth);
  Result<BusValue> read_word(std::string_view type, unsigned depth);
  Result<BusValue> read_number(std::string_view type);
  Result<BusValue> read_text(std::string_view type);
  Result<BusValue> read_array(std::string_view type, unsigned depth);
  Result<BusValue> read_tuple(std::string_view type, unsigned depth);
  Result<BusValue> as(std::string_view type, BusValue value) const {
    if (!type.empty() && value.signature != type)
      return wrong(base::cat("a value of type ", base::quote(type), " is needed"));
    return value;
  }
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  base::Error wrong(std::string_view why) const {
    return base::config_error(why, ", at ", rest_.empty() ? "its end" : base::quote(rest_));
  }
  std::string_view rest_;
};

Result<BusValue> Reader::read(std::string_view type, unsigned depth) {
  if (depth > kDeepest) return wrong("values may not be nested deeper");
  skip_blanks();
  if (rest_.empty()) return wrong("a value is missing");
  if (take('@')) {
    auto said = std::string(first_type(rest_));
    if (said.empty()) return wrong("a type must follow @");
    rest_.remove_prefix(said.size());
    return as(type, TRY(read(said, depth + 1)));
  }
  char c = rest_.front();
  if (c == '[') return read_array(type, depth);
  if (c == '(') return read_tuple(type, depth);
  if (c == '\'' || c == '"') return read_text(type);
  if (is_digit(c) || c == '-' || c == '+' || c == '.') return read_number(type);
  return read_word(type, depth);
}

Result<BusValue> Reader::read_word(std::string_view type, unsigned depth) {
  auto end = std::find_if(rest_.begin(), rest_.end(),
                          [](char c) { return !is_letter(c) && !is_digit(c); });
  auto word = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  if (word == "true" || word == "false") {
    rest_.remove_prefix(word.size());
    return as(type, BusValue::boolean(word == "true"));
  }
  for (const auto& row : kTypeWords) {
    if (row.word != word) continue;
    rest_.remove_prefix(word.size());
    return as(type, TRY(read(std::string(1, row.type), depth + 1)));
  }
  return wrong("a value is needed, as 'text', 5, uint64 5, true, ['a', 'b']");
}

Result<BusValue> Reader::read_number(std::string_view type) {
  auto end = std::find_if(rest_.begin(), rest_.end(), [](char c) {
    return !is_letter(c) && !is_digit(c) && c != '-' && c != '+' && c != '.';
  });
  auto all = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  auto digits = all;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  bool fraction = !hexadecimal && digits.find_first_of(".eE") != digits.npos;
  char kind = type.empty() ? (fraction ? 'd' : 'i') : type[0];
  std::optional<BusValue> out;
  if (kind == 'd') {
    double value = 0;
    auto stop = digits.data() + digits.size();
    auto [rest, failure] = std::from_chars(digits.data(), stop, value);
    if (failure == std::errc{} && rest == stop) out = BusValue{"d", negative ? -value : value};
  } else if (auto size = base::parse<std::uint64_t>(hexadecimal ? digits.substr(2) : digits,
                                                    hexadecimal ? 16 : 10)) {
    out = integer(kind, negative, *size);
  }
  if (!out) return wrong(base::cat("not a number of type ", base::quote(std::string(1, kind))));
  rest_.remove_prefix(all.size());
  return as(type, *std::move(out));
}

Result<BusValue> Reader::read_text(std::string_view type) {
  char mark = rest_.front();
  std::string out;
  for (std::size_t i = 1; i < rest_.size(); ++i) {
    char c = rest_[i];
    if (c == mark) {
      rest_.remove_prefix(i + 1);
      if (out.find('\0') != out.npos || !base::is_utf8(out)) return wrong("not a text of UTF-8");
      bool named = type == "o" || type == "g";
      return as(type, {named ? std::string(type) : "s", std::move(out)});
    }
    if (c == '\\' && i + 1 < rest_.size()) {
      c = rest_[++i];
      constexpr std::string_view kLetters = "abfnrtv", kCodes = "\a\b\f\n\r\t\v";
      if (c == 'u' || c == 'U') return wrong("\\u is not understood: write the letter itself");
      if (auto at = kLetters.find(c); at != kLetters.npos) c = kCodes[at];
    }
    out += c;
  }
  return wrong("the text has no end");
}

Result<BusValue> Reader::read_array(std::string_view type, unsigned depth) {
  if (!type.empty() && type[0] != 'a') return wrong("an array is not needed");
  auto one = std::string(type.empty() ? type : type.substr(1));
  take('[');
  std::vector<BusValue> values;
  while (!take(']')) {
    if (!values.empty() && !take(',')) return wrong("a comma is missing in the array");
    values.push_back(TRY(read(one, depth + 1)));
    one = values.front().signature;
  }
  if (one.empty()) return wrong("of what type the empty array is, must be said: @as []");
  return BusValue::array(one, std::move(values));
}

Result<BusValue> Reader::read_tuple(std::string_view type, unsigned depth) {
  if (!type.empty() && type[0] != '(') return wrong("a tuple is not needed");
  auto types = type.empty() ? type : type.substr(1, type.size() - 2);
  take('(');
  std::vector<BusValue> values;
  while (!take(')')) {
    if (!values.empty() && !take(',')) return wrong("a comma is missing in the tuple");
    if (values.size() == 1 && take(')')) break;  // "(5,)" has one
    auto one = first_type(types);
    types.remove_prefix(one.size());
    values.push_back(TRY(read(one, depth + 1)));
  }
  if (values.empty()) return wrong("a tuple must not be empty");
  return as(type, BusValue::tuple(std::move(values)));
}

}  // namespace

BusValue BusValue::boolean(bool value) { return {"b", value}; }
BusValue BusValue::number(std::uint64_t value) { return {"t", value}; }
BusValue BusValue::text(std::string value) { return {"s", std::move(value)}; }
BusValue BusValue::array(std::string signature_of_one, std::vector<BusValue> values) {
  return {"a" + signature_of_one, std::move(values)};
}
BusValue BusValue::tuple(std::vector<BusValue> values) {
  std::string signature = "(";
  for (const auto& value : values) signature += value.signature;
  return {signature + ")", std::move(values)};
}

Result<BusValue> parse_bus_value(std::string_view text) { return Reader(text).whole(); }

}  // namespace plan
