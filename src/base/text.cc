#include "base/text.h"

namespace base {
namespace {
constexpr std::string_view kBlank = " \t\r\n\v\f";
constexpr std::size_t kLongestQuote = 256;
}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  if (text.empty()) return out;
  for (;;) {
    auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    auto from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return out;
    text.remove_prefix(from);
    auto to = text.find_first_of(kBlank);
    out.push_back(text.substr(0, to));
    if (to == std::string_view::npos) return out;
    text.remove_prefix(to);
  }
}

std::string_view trim(std::string_view text) {
  auto from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    unsigned first = byte(i);
    std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    bool lead = first < 0x80 || (first >= 0xc2 && first <= 0xf4);
    unsigned second = byte(i + 1);
    // Longer than need be, halves of pairs, and what is beyond U+10FFFF.
    bool good = lead && !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f) &&
                !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second > 0x8f);
    for (std::size_t n = 1; good && n <= more; ++n) good = (byte(i + n) & 0xc0U) == 0x80;
    if (!good) return false;
    i += more + 1;
  }
  return true;
}

std::string quote(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text.substr(0, kLongestQuote)) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  if (text.size() > kLongestQuote) out += "…";
  return out += '"';
}

std::string octal(unsigned mode) {
  char buf[16];
  return "0" + std::string(buf, std::to_chars(buf, buf + sizeof buf, mode, 8).ptr);
}

}  // namespace base
