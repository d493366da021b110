// What a container has written, and what it writes.
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include <cerrno>
#include <deque>

#include "base/text.h"
#include "base/time.h"
#include "engine/commands.h"
#include "engine/journal.h"
#include "engine/log_lines.h"
#include "engine/look_commands.h"
#include "engine/moments.h"
#include "engine/phase.h"
#include "fs/files.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using Status = base::Status;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kLook = 1000;  // milliseconds, while nobody would tell of an end

struct Wanted {
  std::optional<std::int64_t> since{};
  std::optional<std::int64_t> until{};
  std::optional<std::uint64_t> tail{};
  bool timestamps = false;

  bool takes(std::int64_t time) const {
    return (!since || time >= *since) && (!until || time <= *until);
  }
};

Result<Wanted> read_wishes(const LogsCommand& command, std::int64_t now) {
  Wanted out{.timestamps = command.timestamps};
  out.since = TRY(parse_moment("--since", command.since, now * kSecond));
  out.until = TRY(parse_moment("--until", command.until, now * kSecond));
  if (command.tail.empty() || command.tail == "all") return out;
  out.tail = base::parse<std::uint64_t>(command.tail);
  if (!out.tail)
    return base::usage_error("--tail ", base::quote(command.tail), ": must be a number, or all");
  return out;
}

// Lines to standard output and standard error, as the container wrote them.
class Printer {
 public:
  explicit Printer(const Wanted& wanted) : wanted_(wanted) {}

  void line(const LogLine& line) {
    auto time = base::parse_rfc3339(line.time);
    if (!time) return;
    if (wanted_.until && *time > *wanted_.until) late_ = true;
    if (!wanted_.takes(*time)) return;
    auto& out = line.error ? errors_ : output_;
    if (wanted_.timestamps && !out.open)
      out.text += base::rfc3339(*time / kSecond, *time % kSecond) + " ";
    out.text += line.text;
    if (line.whole) out.text += '\n';
    out.open = !line.whole;
    // In the order in which they were written, as far as two streams can show it.
    auto& other = line.error ? output_ : errors_;
    if (!other.text.empty()) write(other);
  }

  Status flush() {
    write(output_);
    write(errors_);
    return std::exchange(status_, {});
  }
  // A line after --until was seen: there is nothing more to come.
  bool is_late() const { return late_; }

 private:
  struct Stream {
    int number = 1;
    std::string text{};
    bool open = false;  // in the midst of a line
  };

  void write(Stream& stream) {
    if (!stream.text.empty() && status_)
      status_ = fs::write_all(FdRef::inherited(stream.number), stream.text);
    stream.text.clear();
  }

  const Wanted& wanted_;
  Stream output_{.number = 1};
  Stream errors_{.number = 2};
  Status status_{};
  bool late_ = false;
};

// The log's file, which the monitor may replace by a new one of the same name.
class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}

  // All that is there and was not read before.
  Status read(const std::function<void(std::string_view)>& take) {
    for (bool again = true; again;) {
      again = false;
      if (!file_) TRY(open());
      if (!file_) return {};
      char buffer[65536];
      for (;;) {
        auto got = TRY(sys::pread(file_, buffer, offset_));
        if (got == 0) break;
        offset_ += got;
        take({buffer, got});
      }
      auto here = sys::fstatat(FdRef::cwd(), path_, 0);
      auto there = TRY(sys::fstat(file_));
      if (here && (here.value().st_ino != there.st_ino || here.value().st_dev != there.st_dev)) {
        file_.close();
        again = true;
      }
    }
    return {};
  }
  void skip_to(std::uint64_t offset) { offset_ = offset; }

 private:
  Status open() {
    auto file = sys::openat(FdRef::cwd(), path_, O_RDONLY);
    if (!file && file.error().code() == ENOENT) return {};
    file_ = TRY(std::move(file));
    if (opened_) offset_ = 0;
    opened_ = true;
    return {};
  }

  std::string path_;
  Fd file_{};
  std::uint64_t offset_ = 0;
  bool opened_ = false;
};

// Where the last so many lines of those that are wanted begin.
Result<std::uint64_t> offset_of_tail(const std::string& path, const Wanted& wanted) {
  std::deque<std::uint64_t> begins;
  std::uint64_t size = 0;
  bool open[2] = {false, false};
  LogSplitter splitter([&](const LogLine& line, std::uint64_t offset) {
    auto time = base::parse_rfc3339(line.time);
    if (!time || !wanted.takes(*time)) return;
    if (!open[line.error]) begins.push_back(offset);
    if (begins.size() > *wanted.tail) begins.pop_front();
    open[line.error] = !line.whole;
  });
  LogFile file(path);
  TRY(file.read([&](std::string_view bytes) {
    splitter.take(bytes);
    size += bytes.size();
  }));
  return begins.empty() ? size : begins.front();
}

// Whether more may be written, and by whom.
struct Writer {
  bool lives = false;
  std::optional<Fd> monitor{};
};

Result<Writer> writer_of(const Context& context, const std::string& id) {
  Writer out;
  auto container = Containers(context).open(id);
  if (!container && container.error().kind() == base::Kind::NotFound) return out;
  auto now = TRY(std::move(container));
  const auto& state = now.record.state;
  out.monitor = TRY(open_process(state.monitor, state.boot));
  auto phase = TRY(phase_now(now));
  out.lives = phase == Phase::Restarting || phase == Phase::Running || phase == Phase::Paused;
  // Ended, and the monitor has still to write what was in its pipes.
  if (phase == Phase::Exited && state.phase != Phase::Exited && out.monitor) out.lives = true;
  return out;
}

Status follow(const Context& context, const Container& container, LogFile& file,
              LogSplitter& splitter, Printer& printer) {
  auto notify = TRY(sys::inotify());
  TRY(sys::watch(notify, container.path(), IN_MODIFY | IN_CREATE | IN_MOVED_TO));
  auto journal = TRY(Journal::open(context, Journal::From::Now));
  for (;;) {
    // First who writes, then what is written: nothing comes after the end.
    auto writer = TRY(writer_of(context, container.record.id));
    TRY(file.read([&](std::string_view bytes) { splitter.take(bytes); }));
    TRY(printer.flush());
    if (!writer.lives || printer.is_late()) return {};
    std::vector<sys::PollItem> items{{.fd = notify, .events = POLLIN},
                                     {.fd = journal.readable(), .events = POLLIN}};
    if (writer.monitor) items.push_back({.fd = *writer.monitor, .events = POLLIN});
    auto ready = sys::poll(items, writer.monitor ? -1 : kLook);
    if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
    char buffer[4096];
    while (sys::read(notify, buffer)) {
    }
    (void)TRY(journal.next());
  }
}

}  // namespace

Result<int> execute(const Context& context, const LogsCommand& command) {
  auto container = TRY(Containers(context).find(command.container));
  if (container.record.log_driver == "none")
    return base::unsupported("container ", container.record.name,
                             " has no log: it was made with --log-driver none");
  auto wanted = TRY(read_wishes(command, context.environment.now));
  Printer printer(wanted);
  LogSplitter splitter([&](const LogLine& line, std::uint64_t) { printer.line(line); });
  LogFile file(container.log());
  if (wanted.tail) file.skip_to(TRY(offset_of_tail(container.log(), wanted)));
  if (command.follow) {
    TRY(follow(context, container, file, splitter, printer));
    return 0;
  }
  Status written;
  TRY(file.read([&](std::string_view bytes) {
    splitter.take(bytes);
    if (written) written = printer.flush();
  }));
  TRY(std::move(written));
  return 0;
}

}  // namespace engine
