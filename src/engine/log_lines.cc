#include "engine/log_lines.h"

namespace engine {

std::optional<LogLine> parse_log_line(std::string_view line) {
  LogLine out;
  auto word = [&line]() -> std::optional<std::string_view> {
    auto end = line.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    auto found = line.substr(0, end);
    line.remove_prefix(end + 1);
    return found;
  };
  auto time = word(), stream = word();
  // An empty text may have no blank before it.
  auto tag = stream && (line == "F" || line == "P") ? line : std::string_view();
  if (!tag.empty()) {
    line = {};
  } else if (auto found = stream ? word() : std::nullopt) {
    tag = *found;
  }
  if (!time || !stream || (*stream != "stdout" && *stream != "stderr")) return std::nullopt;
  if (tag != "F" && tag != "P") return std::nullopt;
  out.time = *time;
  out.error = *stream == "stderr";
  out.whole = tag == "F";
  out.text = line;
  return out;
}

void LogSplitter::take(std::string_view bytes) {
  rest_ += bytes;
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    auto line = parse_log_line(std::string_view(rest_).substr(begin, end - begin));
    if (line) on_line_(*line, offset_ + begin);
    begin = end + 1;
  }
  rest_.erase(0, begin);
  offset_ += begin;
}

}  // namespace engine
