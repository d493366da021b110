// The lines of a container's log, as its monitor writes them. Pure.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace engine {

// "TIME stdout|stderr F|P TEXT": F is the end of a line that the container wrote, P a part of one
// whose end is still to come. man: conmon(8), k8s-file
struct LogLine {
  std::string_view time{};
  bool error = false;  // of standard error
  bool whole = true;
  std::string_view text{};
};
// Without its newline; nothing for what is no such line.
std::optional<LogLine> parse_log_line(std::string_view line);

// Takes the bytes of a log piece by piece.
class LogSplitter {
 public:
  using OnLine = std::function<void(const LogLine&, std::uint64_t offset)>;
  explicit LogSplitter(OnLine on_line) : on_line_(std::move(on_line)) {}
  void take(std::string_view bytes);

 private:
  OnLine on_line_;
  std::string rest_{};
  std::uint64_t offset_ = 0;  // of rest_
};

}  // namespace engine
