#include "container/events.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "apply/oom.h"
#include "container/record.h"
#include "container/states.h"
#include "container/stats.h"
#include "sys/file.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;
using Clock = std::chrono::steady_clock;

struct Watched {
  std::string id{};
  apply::CgroupPaths cgroup{};
  Fd init{};  // a pidfd, readable when it has ended
  std::optional<apply::OomWatch> oom{};
};

// Nothing when it has stopped, or is still being made.
Result<std::optional<Watched>> look_for(const std::string& root, const std::string& id,
                                        const fs::Proc& proc) {
  auto record = TRY(Record::load(root, id));
  std::optional<Watched> out;
  if (!record.saved.ready) return out;
  auto init = TRY(open_init(record.saved, proc));
  if (!init) return out;
  Watched watched;
  watched.id = id;
  watched.init = *std::move(init);
  watched.cgroup = std::move(record.saved.cgroup);
  out = std::move(watched);
  return out;
}

base::Json event(std::string_view type, const std::string& id) {
  auto out = base::Json::object();
  out.set("type", type);
  out.set("id", id);
  return out;
}

class Stream {
 public:
  Stream(const EventsOptions& options, const PrintLine& print, FdRef reader,
         std::vector<std::string>& warnings, const fs::Proc& proc)
      : options_(options), print_(print), reader_(reader), warnings_(warnings), proc_(proc) {}

  Status begin() {
    if (options_.all) return find_new();
    for (const auto& id : options_.ids) {
      auto found = TRY(look_for(options_.root, id, proc_));
      if (!found) return base::state_error("container ", id, ": container not running");
      watch(*std::move(found));
    }
    return {};
  }

  // One line for each. One that has gone away is passed over.
  Status tell_all() {
    for (const auto& watched : watched_) {
      auto stats = apply::cgroup_stats(watched.cgroup);
      if (!stats && (stats.error().code() == ENOENT || stats.error().code() == ENODEV)) continue;
      auto usage = TRY(std::move(stats), "container ", watched.id);
      auto line = event("stats", watched.id);
      line.set("data", describe(usage));
      tell(line);
    }
    return {};
  }

  Status run() {
    auto next = Clock::now() + options_.interval;
    while (!hung_up_ && (options_.all || !watched_.empty())) {
      TRY(wait_until(next));
      if (Clock::now() < next || hung_up_) continue;
      if (options_.all) TRY(find_new());
      TRY(tell_all());
      next = std::max(next + options_.interval, Clock::now());
    }
    return {};
  }

 private:
  void tell(const base::Json& line) {
    if (!hung_up_ && !print_(base::dump(line))) hung_up_ = true;
  }

  bool knows(const std::string& id) const {
    return std::any_of(watched_.begin(), watched_.end(),
                       [&](const Watched& watched) { return watched.id == id; });
  }

  Status find_new() {
    for (const auto& id : TRY(list_ids(options_.root))) {
      if (knows(id)) continue;
      auto found = look_for(options_.root, id, proc_);
      if (!found) {
        // One that was just deleted is none.
        if (found.error().code() != ENOENT) warn(found.error().text());
        continue;
      }
      if (found.value()) watch(*std::move(found).value());
    }
    return {};
  }

  void watch(Watched watched) {
    // An ordinary user may read what a cgroup of others uses, and not always be told by it.
    if (!options_.stats) {
      auto oom = apply::OomWatch::open(watched.cgroup);
      if (oom)
        watched.oom = std::move(oom).value();
      else
        warn(base::cat("container ", watched.id,
                       ": want of memory will not be told: ", oom.error().text()));
    }
    watched_.push_back(std::move(watched));
  }

  // Once, not at each interval.
  void warn(const std::string& text) {
    if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end())
      warnings_.push_back(text);
  }

  // Until then, or until something happens.
  Status wait_until(Clock::time_point next) {
    std::vector<sys::PollItem> items{{.fd = reader_}};
    for (const auto& watched : watched_) {
      items.push_back({.fd = watched.init, .events = POLLIN});
      if (watched.oom) items.push_back({.fd = watched.oom->fd(), .events = watched.oom->events()});
    }
    auto polled = sys::poll(items, milliseconds_until(next));
    if (!polled && polled.error().code() != EINTR) return std::move(polled).error();
    if (polled && polled.value() > 0) TRY(look(items));
    return {};
  }

  static int milliseconds_until(Clock::time_point next) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
  }

  Status look(const std::vector<sys::PollItem>& items) {
    // The other end of a pipe or a terminal.
    if (items.front().revents & (POLLERR | POLLHUP)) hung_up_ = true;
    auto item = items.begin() + 1;
    std::vector<Watched> left;
    for (auto& watched : watched_) {
      bool ended = (item++)->revents != 0;
      bool woken = watched.oom && (item++)->revents != 0;
      // What ended it may not have been told yet.
      bool oom = false;
      if (watched.oom && (woken || ended)) oom = TRY(watched.oom->take(), "container ", watched.id);
      if (oom) tell(event("oom", watched.id));
      if (!ended) left.push_back(std::move(watched));
    }
    watched_ = std::move(left);
    return {};
  }

  const EventsOptions& options_;
  const PrintLine& print_;
  FdRef reader_;
  std::vector<std::string>& warnings_;
  const fs::Proc& proc_;
  std::vector<Watched> watched_{};
  bool hung_up_ = false;
};

}  // namespace

Status events(const EventsOptions& options, const PrintLine& print, FdRef reader,
              std::vector<std::string>& warnings) {
  if (options.interval <= std::chrono::nanoseconds(0))
    return base::usage_error("--interval: must be above zero");
  auto proc = TRY(fs::Proc::open());
  Stream stream(options, print, reader, warnings, proc);
  TRY(stream.begin());
  return options.stats ? stream.tell_all() : stream.run();
}

}  // namespace container
