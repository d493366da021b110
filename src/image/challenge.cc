#include "image/challenge.h"

#include <optional>

namespace image {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  void skip(std::string_view these) {
    auto to = rest_.find_first_not_of(these);
    rest_.remove_prefix(to == std::string_view::npos ? rest_.size() : to);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // RFC 7230, section 3.2.6, in lower case; empty where there is none.
  std::string token() {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    std::string out;
    while (!rest_.empty()) {
      char c = rest_.front();
      bool upper = c >= 'A' && c <= 'Z';
      if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
          kMarks.find(c) == std::string_view::npos)
        break;
      out += upper ? static_cast<char>(c - 'A' + 'a') : c;
      rest_.remove_prefix(1);
    }
    return out;
  }
  // A quoted text or a bare word up to a comma or blank; nothing when the quotes do not end.
  std::optional<std::string> value() {
    if (!take('"')) {
      auto word = rest_.substr(0, rest_.find_first_of(", \t"));
      rest_.remove_prefix(word.size());
      return std::string(word);
    }
    std::string out;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\\' && !rest_.empty()) {
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      out += c;
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string Challenge::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> out;
  Reader reader(header);
  for (;;) {
    reader.skip(", \t");
    if (reader.at_end()) return out;
    auto word = reader.token();
    if (word.empty()) return out;
    reader.skip(" \t");
    // A word before "=" is a parameter of the present challenge; any other starts a challenge.
    if (!reader.take('=')) {
      out.push_back({.scheme = std::move(word)});
      continue;
    }
    reader.skip(" \t");
    auto value = reader.value();
    if (!value || out.empty()) return out;
    out.back().parameters.emplace_back(std::move(word), *std::move(value));
  }
}

}  // namespace image
