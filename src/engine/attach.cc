#include "engine/attach.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/text.h"
#include "engine/runtime_calls.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr auto kIn = FdRef::inherited(0);
constexpr auto kOut = FdRef::inherited(1);
constexpr auto kErr = FdRef::inherited(2);
// What the first byte of the monitor's packets says. man: conmon, src/utils.h: STDOUT_PIPE …
constexpr char kStdout = 2;
constexpr char kStderr = 3;
constexpr std::size_t kPacket = 8193;  // conmon's, with that byte

// The terminal as it was.
class RawMode {
 public:
  RawMode() = default;
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode() {
    if (former_) (void)sys::set_terminal_mode(kIn, *former_);
  }
  Status begin() {
    auto mode = TRY(sys::terminal_mode(kIn));
    TRY(sys::set_terminal_mode(kIn, sys::raw_mode(mode)));
    former_ = mode;
    return {};
  }

 private:
  std::optional<struct termios> former_{};
};

// Those that a person or a program sends to us and means for the container.
sigset_t passed_signals() {
  sigset_t out;
  ::sigemptyset(&out);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT})
    ::sigaddset(&out, signal);
  return out;
}

}  // namespace

Result<std::string> parse_detach_keys(std::string_view text) {
  std::string out;
  for (auto key : base::split(text, ',')) {
    if (key.size() == 1) {
      out += key;
    } else if (key.starts_with("ctrl-") && key.size() == 6 && key[5] >= '@' && key[5] <= '_') {
      out += static_cast<char>(key[5] - '@');
    } else if (key.starts_with("ctrl-") && key.size() == 6 && key[5] >= 'a' && key[5] <= 'z') {
      out += static_cast<char>(key[5] - 'a' + 1);
    } else {
      return base::usage_error("--detach-keys: ", base::quote(text),
                               " must be letters and ctrl-LETTER with commas between");
    }
  }
  return out;
}

Result<Attached> Attached::make(const Context& context, const Container& container,
                                const AttachOptions& options) {
  Attached out(context, container, options);
  out.keys_ = TRY(parse_detach_keys(options.detach_keys));
  out.socket_ = TRY(sys::connect_unix(container.bundle() + "/attach", SOCK_SEQPACKET), "attach");
  out.input_open_ = options.input;
  if (container.record.tty) {
    out.control_ = TRY(
        sys::openat(FdRef::cwd(), container.bundle() + "/ctl", O_WRONLY | O_NONBLOCK), "attach");
    TRY(out.resize());
  }
  // Before anything is started that might end us.
  if (options.pass_signals || container.record.tty) {
    auto set = passed_signals();
    (void)TRY(sys::block_signals(set));
    out.signals_ = TRY(sys::signalfd(set));
  }
  return out;
}

Status Attached::resize() const {
  if (!sys::isatty(kIn) && !sys::isatty(kOut)) return {};
  auto size = TRY(sys::window_size(sys::isatty(kIn) ? kIn : kOut));
  // conmon: "1" is a resize, height and width follow.
  return fs::write_all(control_, base::cat("1 ", size.rows, " ", size.columns, "\n"));
}

Status Attached::take_signal() {
  int signal = TRY(sys::read_signal(signals_));
  if (signal == SIGWINCH) return container_.record.tty ? resize() : Status();
  if (!options_.pass_signals) return {};
  auto sent = call_runtime(context_, container_, {"kill", container_.record.id, base::cat(signal)});
  // One that has ended needs none.
  if (!sent) context_.tell(sent.error().text());
  return {};
}

Result<bool> Attached::take_output() {
  char packet[kPacket];
  auto got = sys::read(socket_, packet);
  if (!got && got.error().code() == ECONNRESET) return false;
  auto size = TRY(std::move(got));
  if (size == 0) return false;
  std::string_view bytes(packet + 1, size - 1);
  if (packet[0] == kStdout && options_.output) TRY(fs::write_all(kOut, bytes));
  if (packet[0] == kStderr && options_.errors) TRY(fs::write_all(kErr, bytes));
  return true;
}

// Takes the keys out of what goes to the container; true when they are complete.
bool Attached::is_detach(std::string& bytes) {
  if (keys_.empty()) return false;
  std::string out;
  for (char letter : bytes) {
    if (letter == keys_[keys_seen_]) {
      if (++keys_seen_ == keys_.size()) return true;
      continue;
    }
    out += keys_.substr(0, keys_seen_);
    keys_seen_ = letter == keys_[0] ? 1 : 0;
    if (keys_seen_ == 0) out += letter;
  }
  bytes = std::move(out);
  return false;
}

Status Attached::take_input() {
  char buffer[kPacket - 1];
  auto got = sys::read(kIn, buffer);
  if (!got || got.value() == 0) {
    input_open_ = false;
    if (::shutdown(socket_.raw(), SHUT_WR) != 0) context_.tell("attach: shutdown failed");
    return {};
  }
  std::string bytes(buffer, got.value());
  if (container_.record.tty && is_detach(bytes)) {
    detached_ = true;
    return {};
  }
  if (bytes.empty()) return {};
  auto sent = sys::send(socket_, bytes);
  if (!sent) input_open_ = false;  // the container has closed it
  return {};
}

Result<Attached::End> Attached::relay() {
  RawMode raw;
  if (container_.record.tty && options_.input && sys::isatty(kIn)) TRY(raw.begin());
  for (;;) {
    std::vector<sys::PollItem> items{{.fd = socket_, .events = POLLIN}};
    if (signals_) items.push_back({.fd = signals_, .events = POLLIN});
    if (input_open_) items.push_back({.fd = kIn, .events = POLLIN});
    auto ready = sys::poll(items, -1);
    if (!ready && ready.error().code() == EINTR) continue;
    (void)TRY(std::move(ready));
    for (const auto& item : items) {
      if (!item.revents) continue;
      if (item.fd.raw() == socket_.raw()) {
        bool more = TRY(take_output());
        if (!more) return End::Closed;
      } else if (item.fd.raw() == kIn.raw()) {
        TRY(take_input());
        if (detached_) return End::Detached;
      } else {
        TRY(take_signal());
      }
    }
  }
}

}  // namespace engine
