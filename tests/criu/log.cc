#include "criu/log.h"

#include <doctest/doctest.h>

namespace {

TEST_CASE("a log without errors has none") {
  CHECK(criu::last_errors("").empty());
  CHECK(criu::last_errors("(00.1) Warn  (criu/a.c:1): hm\n(00.2) all is well\n").empty());
}

TEST_CASE("an error is told without its time") {
  CHECK(criu::last_errors("(00.1) start\n(00.2) Error (criu/a.c:1): no such thing\n(00.3) end\n") ==
        "Error (criu/a.c:1): no such thing");
}

TEST_CASE("of many errors the last three are told, and the summary is not among them") {
  CHECK(criu::last_errors("(1) Error (a.c:1): one\n(2) Error (a.c:2): two\n"
                          "(3) Error (a.c:3): three\n(4) Error (a.c:4): four\n"
                          "(5) Error (criu/cr-dump.c:5): Dumping FAILED.\n") ==
        "Error (a.c:2): two; Error (a.c:3): three; Error (a.c:4): four");
}

TEST_CASE("a summary that stands alone is better than nothing") {
  CHECK(criu::last_errors("Error (criu/cr-dump.c:5): Dumping FAILED.") ==
        "Error (criu/cr-dump.c:5): Dumping FAILED.");
}

}  // namespace
