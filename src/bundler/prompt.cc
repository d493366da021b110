#include "bundler/prompt.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

namespace bundler {
namespace {

constexpr std::size_t kLongestLine = 64 << 10;
constexpr char kInterrupt = 3;  // ^C
constexpr char kEnd = 4;        // ^D
constexpr char kKill = 21;      // ^U
constexpr char kErase = 127;

// The terminal without echo, until it is as it was. Keys that would end the program are read as
// characters: nothing may leave a terminal that shows nothing.
class Silence {
 public:
  base::Status begin() {
    struct termios mode {};
    if (::tcgetattr(STDIN_FILENO, &mode) != 0) return base::Error::from_errno(errno, "tcgetattr");
    former_ = mode;
    mode.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode) != 0)
      return base::Error::from_errno(errno, "tcsetattr");
    return {};
  }
  ~Silence() {
    if (!former_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &*former_);
    std::fputc('\n', stderr);
  }

 private:
  std::optional<struct termios> former_{};
};

// Nothing at the end of the input.
base::Result<std::optional<char>> read_char() {
  char c = 0;
  for (;;) {
    auto got = ::read(STDIN_FILENO, &c, 1);
    if (got == 1) return std::optional<char>(c);
    if (got == 0) return std::optional<char>();
    if (errno != EINTR) return base::Error::from_errno(errno, "read(0)");
  }
}

base::Result<std::string> read_line() {
  std::string out;
  while (out.size() < kLongestLine) {
    auto c = TRY(read_char());
    if (!c || *c == '\n') {
      if (out.ends_with('\r')) out.pop_back();
      return out;
    }
    out += *c;
  }
  return base::usage_error("the line on standard input is too long");
}

base::Result<std::string> read_silently() {
  Silence silence;
  TRY(silence.begin());
  std::string out;
  while (out.size() < kLongestLine) {
    auto c = TRY(read_char());
    if (!c || *c == '\n' || *c == '\r' || *c == kEnd) return out;
    if (*c == kInterrupt) return base::state_error("interrupted");
    if (*c == kKill)
      out.clear();
    else if ((*c == kErase || *c == '\b') && !out.empty())
      out.pop_back();
    else if (*c != kErase && *c != '\b')
      out += *c;
  }
  return base::usage_error("the password is too long");
}

}  // namespace

base::Result<std::string> prompt(const char* question, Echo echo) {
  if (::isatty(STDIN_FILENO) != 1)
    return base::usage_error(
        "standard input is not a terminal: say --username and --password-stdin");
  std::fputs(question, stderr);
  return echo == Echo::On ? read_line() : read_silently();
}

base::Result<std::string> read_secret_line() { return read_line(); }

}  // namespace bundler
