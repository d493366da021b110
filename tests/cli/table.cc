#include "cli/table.h"

#include <doctest/doctest.h>

TEST_CASE("columns are as wide as their widest cell, and letters count, not bytes") {
  CHECK(cli::table({{"A", "B", "C"}, {"long…", "x", "y"}}, {.least = 2, .gap = 1}) ==
        "A     B  C\n"
        "long… x  y\n");
  CHECK(cli::table({{"ID", "NAME"}}) == "ID          NAME\n");
}
