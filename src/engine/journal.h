// What happened to containers, images, networks and volumes: RUN/.engine/journal, a line of JSON
// each. It is also how one command waits for what others do: no daemon could tell it.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

struct Event {
  std::string time{};    // RFC 3339
  std::string type{};    // container, image, network, volume
  std::string action{};  // create, start, die, oom, stop, kill, pause, unpause, rename, destroy, …
  std::string id{};
  Pairs attributes{};  // name, image, exitCode, signal …
};

// Adds it; a failure is nobody's business. compat: docker events
void note_event(const Context& context, Event event);
// With the container's name and image.
void note_event(const Context& context, const Record& record, const std::string& action,
                const Pairs& more = {});

// How this container ended, if that is what the event tells.
std::optional<int> exit_code_of(const Event& event, const Record& record);

// Reads what is there and what comes.
class Journal {
 public:
  enum class From { Beginning, Now };
  static base::Result<Journal> open(const Context& context, From from);

  // The next events, without waiting; none when there are none now.
  base::Result<std::vector<Event>> next();
  // Readable when there may be more.
  base::FdRef readable() const { return notify_; }

 private:
  base::Status reopen();
  std::string path_{};
  base::Fd notify_{};  // inotify
  base::Fd file_{};
  std::uint64_t offset_ = 0;
  std::string rest_{};  // of a line that is not whole yet
};

}  // namespace engine
