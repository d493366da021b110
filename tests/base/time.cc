#include "base/time.h"

#include <doctest/doctest.h>

TEST_CASE("a point in time is written as RFC 3339, in UTC, to the nanosecond") {
  struct Row {
    std::int64_t seconds;
    std::int64_t nanoseconds;
    const char* text;
  };
  for (auto row : {Row{0, 0, "1970-01-01T00:00:00.000000000Z"},
                   Row{951'782'399, 1, "2000-02-28T23:59:59.000000001Z"},
                   Row{951'782'400, 0, "2000-02-29T00:00:00.000000000Z"},
                   Row{1'767'323'045, 678'901'234, "2026-01-02T03:04:05.678901234Z"},
                   Row{4'102'444'800, 999'999'999, "2100-01-01T00:00:00.999999999Z"},
                   Row{-1, 0, "1969-12-31T23:59:59.000000000Z"}})
    CHECK(base::rfc3339(row.seconds, row.nanoseconds) == row.text);
}

TEST_CASE("a point in time is read from RFC 3339, with any offset") {
  struct Row {
    const char* text;
    std::int64_t nanoseconds;
  };
  for (auto row :
       {Row{"1970-01-01T00:00:00Z", 0}, Row{"1970-01-01T00:00:01.5Z", 1'500'000'000},
        Row{"1970-01-01T00:00:00.123456789Z", 123'456'789}, Row{"1970-01-01T02:00:00+02:00", 0},
        Row{"1969-12-31T23:30:00.000000001-00:30", 1},
        Row{"2026-01-02T03:04:05.678901234Z", 1'767'323'045'678'901'234}})
    CHECK(base::parse_rfc3339(row.text) == row.nanoseconds);
}

TEST_CASE("what is no point in time gives none") {
  for (auto text : {"", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
                    "2026-02-30T03:04:05Z", "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z",
                    "2026-01-02T03:04:05z+", "2026-01-02T03:04:05+0200", "2026/01/02T03:04:05Z"})
    CHECK_FALSE(base::parse_rfc3339(text));
}
