#include "spec/state.h"

#include <doctest/doctest.h>

TEST_CASE("the state is written in the specification's order, slashes unescaped") {
  spec::State state{"c1", spec::Status::Created, 42, "/b/c", {}};
  CHECK(base::dump(spec::write_state(state)) ==
        R"({"ociVersion":"1.3.0","id":"c1","status":"created","pid":42,"bundle":"/b/c"})");
  state.annotations = {{"k", ""}};
  CHECK(base::dump(*spec::write_state(state).find("annotations")) == R"({"k":""})");
}

TEST_CASE("every status has its word") {
  CHECK(spec::word(spec::Status::Creating) == "creating");
  CHECK(spec::word(spec::Status::Created) == "created");
  CHECK(spec::word(spec::Status::Running) == "running");
  CHECK(spec::word(spec::Status::Paused) == "paused");
  CHECK(spec::word(spec::Status::Stopped) == "stopped");
}
