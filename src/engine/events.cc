// What happens, and what happened.
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/commands.h"
#include "engine/filters.h"
#include "engine/journal.h"
#include "engine/look_commands.h"
#include "engine/moments.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Result;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;

std::int64_t now() {
  struct timespec time {};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

std::string attribute(const Event& event, std::string_view name) {
  for (const auto& [key, value] : event.attributes)
    if (key == name) return value;
  return {};
}

Result<bool> matches(const Event& event, const Filter& filter) {
  const auto& name = filter.name;
  const auto& value = filter.value;
  if (name == "type") return event.type == value;
  if (name == "event") return event.action == value;
  if (name == "container" || name == "network" || name == "volume")
    return event.type == name && !value.empty() &&
           (event.id.starts_with(value) || attribute(event, "name") == value);
  if (name == "image") {
    auto image = event.type == "image" ? event.id : attribute(event, "image");
    return image == value || image.starts_with(value + ":");
  }
  return base::usage_error("--filter ", base::quote(name),
                           ": must be type, event, container, image, network or volume");
}

Result<bool> wanted(const Event& event, const Words& filters) {
  return passes(filters, [&](const Filter& filter) { return matches(event, filter); });
}

// compat: docker events
std::string show(const Event& event) {
  Words attributes;
  for (const auto& [key, value] : event.attributes)
    attributes.push_back(base::cat(key, "=", value));
  std::sort(attributes.begin(), attributes.end());
  return base::cat(event.time, " ", event.type, " ", event.action, " ", event.id, " (",
                   base::join(attributes, ", "), ")\n");
}

std::string show_json(const Event& event) {
  auto attributes = base::Json::object();
  for (const auto& [key, value] : event.attributes) attributes.set(key, value);
  auto actor = base::Json::object();
  actor.set("ID", event.id);
  actor.set("Attributes", std::move(attributes));
  auto out = base::Json::object();
  out.set("Type", event.type);
  out.set("Action", event.action);
  out.set("Actor", std::move(actor));
  auto time = base::parse_rfc3339(event.time).value_or(0);
  out.set("time", time / kSecond);
  out.set("timeNano", time);
  return base::dump(out) + "\n";
}

struct Span {
  std::optional<std::int64_t> since{};
  std::optional<std::int64_t> until{};
};

base::Status print_next(Journal& journal, const EventsCommand& command, const Span& span) {
  for (const auto& event : TRY(journal.next())) {
    auto time = base::parse_rfc3339(event.time).value_or(0);
    bool in_time = (!span.since || time >= *span.since) && (!span.until || time <= *span.until);
    bool fits = TRY(wanted(event, command.filters));
    if (in_time && fits) TRY(print(command.json ? show_json(event) : show(event)));
  }
  return {};
}

}  // namespace

Result<int> execute(const Context& context, const EventsCommand& command) {
  Span span;
  span.since = TRY(parse_moment("--since", command.since, now()));
  span.until = TRY(parse_moment("--until", command.until, now()));
  // A wrong one is refused before anything is waited for.
  (void)TRY(wanted(Event{}, command.filters));
  // What is over already can be told only of what was.
  bool past = span.since || (span.until && *span.until <= now());
  auto journal = TRY(Journal::open(context, past ? Journal::From::Beginning : Journal::From::Now));
  for (;;) {
    TRY(print_next(journal, command, span));
    int left = -1;
    if (span.until) {
      auto until = (*span.until - now()) / kMillisecond;
      if (until <= 0) break;
      left = static_cast<int>(std::min<std::int64_t>(until + 1, 1'000'000));
    }
    sys::PollItem items[]{{.fd = journal.readable(), .events = POLLIN}};
    auto ready = sys::poll(items, left);
    if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
  }
  TRY(print_next(journal, command, span));
  return 0;
}

}  // namespace engine
