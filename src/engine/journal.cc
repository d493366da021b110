#include "engine/journal.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/json.h"
#include "engine/clock.h"
#include "engine/record_members.h"
#include "fs/files.h"
#include "spec/reading.h"
#include "spec/writing.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;

constexpr const char* kJournal = "journal";
constexpr std::int64_t kLargest = 4 << 20;  // then it starts anew; the former one is kept

base::Status add(const Context& context, const Event& event) {
  auto folder = TRY(fs::make_dirs(context.places.engine(), 0700));
  auto line = base::dump(spec::Writer::write(event)) + "\n";
  auto lock = TRY(fs::lock_file(folder, "journal.lock"));
  auto file = TRY(sys::openat(folder, kJournal, O_WRONLY | O_APPEND | O_CREAT, 0600));
  if (TRY(sys::fstat(file)).st_size > kLargest) {
    TRY(sys::renameat2(folder, kJournal, folder, "journal.old"));
    file = TRY(sys::openat(folder, kJournal, O_WRONLY | O_APPEND | O_CREAT, 0600));
  }
  return fs::write_all(file, line);
}

}  // namespace

void members(auto& f, spec::is<Event> auto& x) {
  f.must("time", x.time);
  f.must("type", x.type);
  f.must("action", x.action);
  f.must("id", x.id);
  f.may("attributes", x.attributes);
}

void note_event(const Context& context, Event event) {
  if (event.time.empty()) event.time = present_time();
  auto added = add(context, event);
  if (!added) context.tell(base::cat("journal: ", added.error().text()));
}

void note_event(const Context& context, const Record& record, const std::string& action,
                const Pairs& more) {
  Event event{.type = "container", .action = action, .id = record.id};
  event.attributes = {{"name", record.name}, {"image", record.image}};
  event.attributes.insert(event.attributes.end(), more.begin(), more.end());
  note_event(context, std::move(event));
}

std::optional<int> exit_code_of(const Event& event, const Record& record) {
  if (event.id != record.id || event.action != "die") return std::nullopt;
  for (const auto& [name, value] : event.attributes)
    if (name == "exitCode") return base::parse<int>(value);
  return std::nullopt;
}

Result<Journal> Journal::open(const Context& context, From from) {
  Journal out;
  (void)TRY(fs::make_dirs(context.places.engine(), 0700));
  out.path_ = context.places.engine();
  out.notify_ = TRY(sys::inotify());
  TRY(sys::watch(out.notify_, out.path_, IN_MODIFY | IN_CREATE | IN_MOVED_FROM));
  // The former one is followed by the present one, as after a change while we read.
  auto former = sys::openat(FdRef::cwd(), out.path_ + "/journal.old", O_RDONLY);
  if (former && from == From::Beginning)
    out.file_ = std::move(former).value();
  else
    TRY(out.reopen());
  if (out.file_ && from == From::Now)
    out.offset_ = static_cast<std::uint64_t>(TRY(sys::fstat(out.file_)).st_size);
  return out;
}

base::Status Journal::reopen() {
  auto file = sys::openat(FdRef::cwd(), base::cat(path_, "/", kJournal), O_RDONLY);
  if (!file && file.error().code() == ENOENT) return {};
  auto fd = TRY(std::move(file));
  file_ = std::move(fd);
  offset_ = 0;
  return {};
}

Result<std::vector<Event>> Journal::next() {
  // What the watch says does not matter: it made us look.
  char buffer[16384];
  while (sys::read(notify_, buffer)) {
  }
  std::vector<Event> out;
  for (bool again = true; again;) {
    again = false;
    if (!file_) TRY(reopen());
    while (file_) {
      auto got = TRY(sys::pread(file_, buffer, offset_));
      if (got == 0) break;
      offset_ += got;
      rest_.append(buffer, got);
    }
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      auto json = base::parse_json(rest_.substr(0, end));
      rest_.erase(0, end + 1);
      if (!json) continue;
      auto event = spec::Reader::read<Event>(base::Place(json.value()));
      if (event) out.push_back(std::move(event).value());
    }
    if (!file_) break;
    // Started anew meanwhile?
    auto here = sys::fstatat(FdRef::cwd(), base::cat(path_, "/", kJournal), 0);
    auto there = TRY(sys::fstat(file_));
    if (here && here.value().st_ino != there.st_ino) {
      TRY(reopen());
      again = true;
    }
  }
  return out;
}

}  // namespace engine
