#include "container/relay.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::size_t kBuffer = 16384;
constexpr char kEndOfTransmission = 4;  // what a person types to end the input of a terminal

// The caller's terminal in raw mode, put back at the end.
class RawTerminal {
 public:
  explicit RawTerminal(FdRef terminal) : terminal_(terminal) {
    auto mode = sys::terminal_mode(terminal);
    if (!mode) return;
    former_ = mode.value();
    auto raw = sys::raw_mode(*former_);
    // Newlines are still completed here, and no more in the container's terminal.
    raw.c_oflag |= OPOST;
    (void)sys::set_terminal_mode(terminal, raw);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() {
    if (former_) (void)sys::set_terminal_mode(terminal_, *former_);
  }

 private:
  FdRef terminal_;
  std::optional<struct termios> former_{};
};

// Bytes on their way from one descriptor to another.
class Pump {
 public:
  Pump(FdRef from, FdRef to) : from_(from), to_(to) {}

  bool wants_input() const { return !ended_ && buffer_.empty(); }
  bool wants_output() const { return !buffer_.empty(); }
  bool ended() const { return ended_ && buffer_.empty(); }

  void take() {
    std::array<char, kBuffer> bytes;
    auto n = sys::read(from_, bytes);
    if (!n && n.error().code() == EAGAIN) return;
    // A master answers EIO when nobody has the other end open any more.
    if (!n || n.value() == 0)
      ended_ = true;
    else
      buffer_.assign(bytes.data(), n.value());
  }
  void give() {
    // Small steps: a blocking descriptor that polls writable takes these without waiting.
    constexpr std::size_t kStep = 1024;
    auto n = sys::write(to_, std::string_view(buffer_).substr(0, kStep));
    if (n)
      buffer_.erase(0, n.value());
    else if (n.error().code() != EAGAIN)
      buffer_.clear();  // nobody listens any more: the process must not hang on that
  }
  void put(char c) { buffer_ += c; }

 private:
  FdRef from_;
  FdRef to_;
  std::string buffer_{};
  bool ended_ = false;
};

void copy_window_size(FdRef from, FdRef to) {
  if (auto size = sys::window_size(from)) (void)sys::set_window_size(to, size.value());
}

// The container's terminal and ours.
class Terminal {
 public:
  static Result<std::unique_ptr<Terminal>> receive(FdRef console) {
    std::array<char, 64> name;
    auto received = TRY(sys::receive(console, name), "terminal");
    if (!received.descriptor) return base::system_error("terminal: init sent none");
    TRY(sys::set_nonblocking(received.descriptor, true));
    return std::make_unique<Terminal>(std::move(received.descriptor));
  }

  explicit Terminal(Fd master)
      : master_(std::move(master)), raw_(kInput), in_(kInput, master_), out_(master_, kOutput) {
    resize();
  }
  void resize() {
    if (sys::isatty(kInput)) copy_window_size(kInput, master_);
  }

  // What to wait for, besides the signals: three items.
  void ask(std::span<sys::PollItem> items) const {
    items[0] = {kInput, short(in_.wants_input() ? POLLIN : 0), 0};
    items[1] = {master_,
                short((out_.wants_input() ? POLLIN : 0) | (in_.wants_output() ? POLLOUT : 0)), 0};
    items[2] = {kOutput, short(out_.wants_output() ? POLLOUT : 0), 0};
    // A descriptor that is asked for nothing still reports its end for ever.
    for (auto& item : items)
      if (item.events == 0) item.fd = FdRef::inherited(-1);
  }
  void move(std::span<const sys::PollItem> items) {
    if (items[0].revents) {
      in_.take();
      if (in_.ended()) in_.put(kEndOfTransmission);
    }
    if (items[1].revents & (POLLIN | POLLHUP)) out_.take();
    if (items[1].revents & POLLOUT) in_.give();
    if (items[2].revents) out_.give();
  }
  // After the process has ended: what it wrote last, but not without end, should something that it
  // left behind go on writing, and not for a reader that does not read.
  void drain() {
    constexpr int kMostRounds = 64;
    constexpr int kPatience = 1000;  // milliseconds
    for (int round = 0; round < kMostRounds; ++round) {
      while (out_.wants_output()) {
        if (!ready(kOutput, POLLOUT, kPatience)) return;
        out_.give();
      }
      if (!ready(master_, POLLIN, 0)) return;
      out_.take();
      if (!out_.wants_output()) return;
    }
  }

 private:
  static bool ready(FdRef fd, short events, int milliseconds) {
    std::array<sys::PollItem, 1> items{{{fd, events, 0}}};
    auto n = sys::poll(items, milliseconds);
    return n && n.value() > 0;
  }

  static constexpr FdRef kInput = FdRef::inherited(0);
  static constexpr FdRef kOutput = FdRef::inherited(1);
  Fd master_;
  RawTerminal raw_;
  Pump in_;
  Pump out_;
};

// Whether the process itself has ended is told by its pidfd; here go all others of ours.
void pass_on(int signal, FdRef process, Terminal* terminal) {
  if (signal == SIGCHLD || signal == SIGURG) return;
  if (signal == SIGWINCH && terminal) return terminal->resize();
  (void)sys::pidfd_send_signal(process, signal);
}

}  // namespace

std::optional<plan::TerminalSize> terminal_size() {
  auto size = sys::window_size(FdRef::inherited(0));
  if (!size) return std::nullopt;
  plan::TerminalSize out;
  out.rows = size.value().rows;
  out.columns = size.value().columns;
  return out;
}

Result<Foreground> Foreground::begin() {
  sigset_t all;
  ::sigfillset(&all);
  // Faults of our own must not be put off.
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP})
    ::sigdelset(&all, signal);
  TRY(sys::block_signals(all));
  return Foreground(TRY(sys::signalfd(all)));
}

Result<int> Foreground::relay(Child& process, Fd console, std::optional<Notifier> notifier) {
  std::unique_ptr<Terminal> terminal;
  if (console) terminal = TRY(Terminal::receive(console));
  console.close();
  for (;;) {
    constexpr auto kNothing = FdRef::inherited(-1);
    std::array<sys::PollItem, 6> items{{{signals_, POLLIN, 0},
                                        {process.pidfd(), POLLIN, 0},
                                        {notifier ? notifier->fd() : kNothing, POLLIN, 0},
                                        {kNothing, 0, 0},
                                        {kNothing, 0, 0},
                                        {kNothing, 0, 0}}};
    auto asked = std::span(items);
    if (terminal) terminal->ask(asked.subspan(3));
    auto n = sys::poll(asked, -1);
    if (!n && n.error().code() == EINTR) continue;
    TRY(std::move(n));
    if (items[0].revents) pass_on(TRY(sys::read_signal(signals_)), process.pidfd(), terminal.get());
    if (items[2].revents) (void)notifier->pass_on(process.pid());
    if (terminal) terminal->move(asked.subspan(3));
    if (!items[1].revents) continue;
    if (terminal) terminal->drain();
    auto ended = TRY(sys::wait_child(process.pidfd()));
    process.keep();  // it is reaped: nothing is left to kill
    // What was orphaned to us, as a subreaper, and has ended.
    for (auto reaped = sys::reap_any(); reaped && reaped.value() > 0; reaped = sys::reap_any()) {
    }
    return ended.exit_code;
  }
}

}  // namespace container
