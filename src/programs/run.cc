#include "programs/run.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace programs {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;
using Clock = std::chrono::steady_clock;

bool executable(const std::string& path) {
  auto st = sys::fstatat(FdRef::cwd(), path, 0);
  return st && S_ISREG(st.value().st_mode) && (st.value().st_mode & 0111) != 0;
}

// Killed and reaped unless it has ended.
struct Running {
  Fd pidfd{};
  bool ended = false;
  Running() = default;
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (!pidfd || ended) return;
    (void)sys::pidfd_send_signal(pidfd, SIGKILL);
    (void)sys::wait_child(pidfd);
  }
};

// The first number that the program's descriptors leave free.
int above(const Descriptors& descriptors) {
  int most = 2;
  for (const auto& [fd, number] : descriptors) most = std::max(most, number);
  return most + 1;
}

// In the child. Descriptors first move out of the way of the numbers that they are to have.
Status place(const Descriptors& descriptors) {
  std::vector<Fd> moved;
  for (const auto& [fd, number] : descriptors) {
    auto copy = TRY(sys::duplicate(fd, above(descriptors)));
    moved.push_back(std::move(copy));
  }
  auto nothing = TRY(sys::openat(FdRef::cwd(), "/dev/null", O_RDWR));
  for (int number : {0, 1, 2}) TRY(sys::place_at(nothing, number));
  TRY(sys::close_on_exec_from(3));
  for (std::size_t i = 0; i < moved.size(); ++i)
    TRY(sys::place_at(moved[i], descriptors[i].second));
  return {};
}

// A slave: what is unmounted outside is not kept in use by it.
Status leave_mounts() {
  TRY(sys::unshare(CLONE_NEWNS));
  return sys::mount_setattr_at("/", {.propagation = MS_SLAVE}, true);
}

// Returns only where it fails.
Status become(const Command& command, const Descriptors& descriptors) {
  TRY(place(descriptors));
  if (command.own_mounts) TRY(leave_mounts(), "mounts of its own");
  if (!command.folder.empty()) TRY(sys::chdir(command.folder));
  sys::reset_signals();
  if (command.session) (void)sys::setsid();
  std::vector<std::string> args{command.path};
  args.insert(args.end(), command.args.begin(), command.args.end());
  return sys::execve(command.path, args, command.environment);
}

[[noreturn]] void become_or_tell(const Command& command, const Descriptors& descriptors,
                                 FdRef parent) {
  // Not where a descriptor of the program's is to be.
  auto away = sys::duplicate(parent, above(descriptors));
  auto failed = become(command, descriptors);
  if (away) (void)sys::write(away.value(), failed.error().text());
  sys::exit_now(127);
}

constexpr std::size_t kLargestInput = 60U << 10;  // fits a pipe: writing does not wait

// Reads a program to its end, for so long and so much.
class Reading {
 public:
  explicit Reading(const Limits& limits) : limits_(limits) {
    if (limits.time) end_ = Clock::now() + *limits.time;
  }

  Status all(Fd out, Fd err, FdRef pidfd, Answer& answer) {
    while (out || err) {
      std::vector<sys::PollItem> items;
      if (out) items.push_back({.fd = out, .events = POLLIN});
      if (err) items.push_back({.fd = err, .events = POLLIN});
      TRY(wait(items));
      bool out_has = out && items.front().revents;
      bool err_has = err && items.back().revents;
      if (out_has) TRY(take(out, answer.out));
      if (err_has) TRY(take(err, answer.err));
    }
    // Who has hung up may still be at work.
    sys::PollItem items[]{{.fd = pidfd, .events = POLLIN}};
    return wait(items);
  }

 private:
  Status wait(std::span<sys::PollItem> items) const {
    for (;;) {
      int left = -1;
      if (end_) {
        using Milliseconds = std::chrono::milliseconds;
        auto span = std::chrono::duration_cast<Milliseconds>(*end_ - Clock::now()).count();
        if (span <= 0)
          return base::system_error("has not ended after ", limits_.time->count(), " seconds");
        left = static_cast<int>(span);
      }
      auto ready = sys::poll(items, left);
      if (ready && ready.value() > 0) return {};
      if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
    }
  }

  Status take(Fd& from, std::string& into) const {
    char buffer[16384];
    auto got = TRY(sys::read(from, buffer));
    if (got == 0) from.close();
    into.append(buffer, got);
    if (into.size() > limits_.bytes) return base::system_error("answers without end");
    return {};
  }

  Limits limits_;
  std::optional<Clock::time_point> end_{};
};

}  // namespace

Result<std::string> find(const std::string& search_path, const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (executable(name)) return name;
    return base::Error(base::Kind::NotFound, base::cat("the program ", name, " is not there"));
  }
  for (auto folder : base::split(search_path, ':')) {
    // A program of the working directory is nobody's wish.
    if (!folder.starts_with('/')) continue;
    auto path = base::cat(folder, "/", name);
    if (executable(path)) return path;
  }
  return base::Error(base::Kind::NotFound, base::cat("the program ", name, " is not in PATH"));
}

Result<Started> start(const Command& command, const Descriptors& descriptors) {
  auto complaint = TRY(sys::pipe());  // closed by the execve that succeeds
  auto cloned = TRY(sys::clone3({}));
  if (cloned.pid == 0) become_or_tell(command, descriptors, complaint.write_end);
  complaint.write_end.close();
  char why[PIPE_BUF];
  auto size = TRY(sys::read(complaint.read_end, why));
  if (size == 0) return Started{cloned.pid, std::move(cloned.pidfd)};
  (void)sys::wait_child(cloned.pidfd);
  return base::system_error(std::string_view(why, size));
}

Result<Answer> run(const Command& command, const std::string& input, const Limits& limits,
                   Errors errors) {
  if (input.size() > kLargestInput) return base::config_error(command.path, ": too long an input");
  auto in = TRY(sys::pipe());
  auto out = TRY(sys::pipe());
  sys::Pipe err;
  bool quiet = errors == Errors::Answer;
  if (quiet) err = TRY(sys::pipe());
  // Before the program reads: what it leaves unread must not kill us with SIGPIPE.
  if (!input.empty()) (void)TRY(sys::write(in.write_end, input));
  in.write_end.close();
  Running running;
  auto second = quiet ? FdRef(err.write_end) : FdRef::inherited(2);
  auto started =
      TRY(start(command, {{in.read_end, 0}, {out.write_end, 1}, {second, 2}}), command.path);
  running.pidfd = std::move(started.pidfd);
  out.write_end.close();
  err.write_end.close();
  Answer answer;
  Reading reading(limits);
  TRY(reading.all(std::move(out.read_end), std::move(err.read_end), running.pidfd, answer),
      command.path);
  running.ended = true;
  answer.exit_code = TRY(sys::wait_child(running.pidfd)).exit_code;
  return answer;
}

}  // namespace programs
