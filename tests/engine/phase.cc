#include "engine/phase.h"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("a span of time is told as Docker tells it") {
  struct Row {
    std::int64_t seconds;
    const char* text;
  };
  constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;
  for (auto row :
       {Row{-5, "Less than a second"}, Row{0, "Less than a second"}, Row{1, "1 second"},
        Row{59, "59 seconds"}, Row{60, "About a minute"}, Row{119, "About a minute"},
        Row{120, "2 minutes"}, Row{kHour - 1, "59 minutes"}, Row{kHour, "About an hour"},
        Row{89 * 60, "About an hour"}, Row{90 * 60, "2 hours"}, Row{47 * kHour, "47 hours"},
        Row{48 * kHour, "2 days"}, Row{13 * kDay, "13 days"}, Row{14 * kDay, "2 weeks"},
        Row{60 * kDay, "2 months"}, Row{729 * kDay, "24 months"}, Row{730 * kDay, "2 years"}})
    CHECK(engine::show_span(row.seconds) == row.text);
}

TEST_CASE("what a container does is told with how long it has") {
  constexpr std::int64_t kNow = 1'767'323'045;
  engine::Record record;
  record.state.started = "2026-01-02T03:00:00.5Z";
  record.state.exit_code = 3;
  CHECK(describe(record, engine::Phase::Created, kNow) == "Created");
  CHECK(describe(record, engine::Phase::Running, kNow) == "Up 4 minutes");
  CHECK(describe(record, engine::Phase::Paused, kNow) == "Up 4 minutes (Paused)");
  CHECK(describe(record, engine::Phase::Exited, kNow) == "Exited (unknown)");
  record.state.finished = "2026-01-02T03:04:00Z";
  CHECK(describe(record, engine::Phase::Exited, kNow) == "Exited (3) 5 seconds ago");
  CHECK(describe(record, engine::Phase::Restarting, kNow) == "Restarting (3) 5 seconds ago");
}
