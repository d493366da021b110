#include "plan/kernel.h"

#include <doctest/doctest.h>

TEST_CASE("a kernel that is older than 5.14 is refused, with its release and what is needed") {
  for (auto release : {"5.10.0-32-amd64", "4.18.0", "5.13.19", "3.10", "5.9-rc1"}) {
    CAPTURE(release);
    auto status = plan::kernel(release);
    REQUIRE(!status);
    auto error = std::move(status).error();
    CHECK(error.kind() == base::Kind::Unsupported);
    CHECK(error.text().find(release) != std::string::npos);
    CHECK(error.text().find("5.14 or newer") != std::string::npos);
  }
}

TEST_CASE("5.14 and newer kernels are taken, whatever follows their numbers") {
  for (auto release : {"5.14.0-427.el9.x86_64", "5.14", "5.15-rc1", "6.1.0-18-amd64",
                       "6.12.95+deb12-amd64", "10.0"}) {
    CAPTURE(release);
    CHECK(plan::kernel(release));
  }
}

TEST_CASE("a release that says no version is left to the calls") {
  for (auto release : {"", "linux", "6", "6.", "x.y"}) {
    CAPTURE(release);
    CHECK(plan::kernel(release));
  }
}
