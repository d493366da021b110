#include "apply/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <chrono>

#include "sys/close.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace apply {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;
using Clock = std::chrono::steady_clock;

struct Pipes {
  sys::SocketPair input{};
  sys::Pipe output{};
};

[[noreturn]] void become(const Program& program, const Pipes& pipes, pid_t parent) {
  auto prepared = [&]() -> Status {
    // Nobody is left to end it when we are killed.
    TRY(sys::set_parent_death_signal(SIGKILL));
    if (sys::getppid() != parent) sys::exit_now(1);
    TRY(sys::place_at(pipes.input.second, 0));
    TRY(sys::place_at(pipes.output.write_end, 1));
    TRY(sys::place_at(pipes.output.write_end, 2));
    // What our caller left open is not meant for it. Closed before its path is followed, which in a
    // container may be a link to a descriptor. cve: 2024-21626
    return sys::close_from(3);
  }();
  // Left where it is when the folder is gone or not to be reached, as a deleted bundle is.
  if (!program.folder.empty()) (void)sys::chdir(program.folder);
  sys::reset_signals();
  auto error =
      prepared ? sys::execve(program.path, program.args, program.env) : std::move(prepared).error();
  (void)sys::write(FdRef::inherited(2), error.text());
  sys::exit_now(127);
}

// What the program is still owed and what it has said.
class Conversation {
 public:
  Conversation(const Program& program, Pipes pipes, FdRef child)
      : left_(program.input),
        kept_(program.kept_output),
        pipes_(std::move(pipes)),
        child_(child),
        needs_(program.needs.value_or(kNone)) {
    pipes_.input.second.close();
    pipes_.output.write_end.close();
    if (program.timeout) deadline_ = Clock::now() + std::chrono::milliseconds(*program.timeout);
  }

  enum class End { Own, TimeOver, NeedGone };
  // Until it ends, or has to be ended.
  Result<End> go_on() {
    TRY(sys::set_nonblocking(pipes_.input.first, true));
    TRY(sys::set_nonblocking(pipes_.output.read_end, true));
    for (;;) {
      // What is closed is waited for no more.
      std::array<sys::PollItem, 4> items{{{child_, POLLIN, 0},
                                          {open_or_none(pipes_.output.read_end), POLLIN, 0},
                                          {open_or_none(pipes_.input.first), POLLOUT, 0},
                                          {needs_, POLLIN, 0}}};
      auto n = sys::poll(items, wait());
      if (!n && n.error().code() == EINTR) continue;
      if (TRY(std::move(n)) == 0 || over()) return End::TimeOver;
      if (items[2].revents) feed();
      if (items[1].revents) listen();
      if (items[0].revents) {
        listen();
        return End::Own;
      }
      if (items[3].revents) return End::NeedGone;
    }
  }
  const std::string& said() const { return said_; }

 private:
  static constexpr FdRef kNone = FdRef::inherited(-1);
  static FdRef open_or_none(const Fd& fd) { return fd ? FdRef(fd) : kNone; }
  bool over() const { return deadline_ && wait() == 0; }
  int wait() const {
    if (!deadline_) return -1;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline_ - Clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }
  void feed() {
    // A socket, not a pipe: a program that closed its input must not raise SIGPIPE here.
    constexpr std::size_t kStep = 4096;
    if (!left_.empty() && sys::send(pipes_.input.first, left_.substr(0, kStep)))
      left_.remove_prefix(std::min(kStep, left_.size()));
    else
      left_ = {};
    if (left_.empty()) pipes_.input.first.close();
  }
  void listen() {
    // As much as a pipe holds, for one that never stops talking.
    constexpr int kMostReads = 16;
    std::array<char, 4096> buffer;
    for (int i = 0; i < kMostReads && pipes_.output.read_end; ++i) {
      auto n = sys::read(pipes_.output.read_end, buffer);
      if (!n) return;
      if (n.value() == 0) return pipes_.output.read_end.close();
      said_.append(buffer.data(), n.value());
      if (said_.size() > kept_) said_.erase(0, said_.size() - kept_);
    }
  }

  std::string_view left_;
  std::size_t kept_;
  Pipes pipes_;
  FdRef child_;
  FdRef needs_;
  std::string said_{};
  std::optional<Clock::time_point> deadline_{};
};

// One sentence, however many lines it printed.
std::string with_output(std::string text, std::string_view said) {
  for (auto line : base::split(base::trim(said), '\n'))
    if (!base::trim(line).empty()) text += base::cat(": ", base::trim(line));
  return text;
}

}  // namespace

Result<std::string> run_program(const Program& program) {
  Pipes pipes;
  pipes.input = TRY(sys::socketpair(SOCK_STREAM));
  pipes.output = TRY(sys::pipe());
  auto us = sys::getpid();
  auto child = TRY(sys::clone3({}));
  if (child.pid == 0) become(program, pipes, us);
  Conversation conversation(program, std::move(pipes), child.pidfd);
  auto finished = conversation.go_on();
  using End = Conversation::End;
  if (!finished || finished.value() != End::Own) (void)sys::pidfd_send_signal(child.pidfd, SIGKILL);
  auto ended = TRY(sys::wait_child(child.pidfd));
  auto end = TRY(std::move(finished));
  if (end == End::NeedGone)
    return base::system_error(
        with_output("killed, since init has ended meanwhile", conversation.said()));
  if (end == End::TimeOver)
    return base::system_error(
        with_output(base::cat("not finished after ", *program.timeout / 1000, " s, killed"),
                    conversation.said()));
  if (ended.signal)
    return base::system_error(
        with_output(base::cat("killed by signal ", ended.signal), conversation.said()));
  if (ended.exit_code)
    return base::system_error(
        with_output(base::cat("exit status ", ended.exit_code), conversation.said()));
  return conversation.said();
}

}  // namespace apply
