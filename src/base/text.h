// Words of text: joining, splitting, numbers, quoting for messages.
#pragma once
#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

inline void append(std::string& out, std::string_view s) { out += s; }
inline void append(std::string& out, char c) { out += c; }
inline void append(std::string& out, std::integral auto n) {
  char buf[24];
  out.append(buf, std::to_chars(buf, buf + sizeof buf, n).ptr);
}

// The parts one after the other; numbers in decimal.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

// The pieces between separators, empty ones included: split("a,,b", ',') is {"a", "", "b"};
// the empty text has no pieces.
std::vector<std::string_view> split(std::string_view text, char separator);

// The pieces between runs of blanks and newlines, none of them empty.
std::vector<std::string_view> words(std::string_view text);

// Without blanks and newlines at both ends.
std::string_view trim(std::string_view text);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The whole text as a number in this base, or nothing: no sign for unsigned types, no blanks,
// no overflow.
template <std::integral T>
std::optional<T> parse(std::string_view text, int radix = 10) {
  T value{};
  auto end = text.data() + text.size();
  auto [rest, failure] = std::from_chars(text.data(), end, value, radix);
  if (failure != std::errc{} || rest != end) return std::nullopt;
  return value;
}

// Whether it is UTF-8 throughout, as JSON has it. RFC 3629
bool is_utf8(std::string_view text);

// "text" for a message: control characters and quotes escaped, long ones cut.
std::string quote(std::string_view text);

// 0644 and the like, for messages.
std::string octal(unsigned mode);

}  // namespace base
