#include "bundler/images.h"

#include <doctest/doctest.h>

#include "bundler/commands.h"

using namespace bundler;

namespace {
const std::string kDigest = "sha256:" + std::string(64, 'c');
}

TEST_CASE("the table aligns its columns, and a damaged image has a row") {
  auto table =
      images_table({{.name = "docker.io/library/alpine:3.20",
                     .digest = kDigest,
                     .created = "2026-11-22T10:00:00.123Z",
                     .size = 3'100'000},
                    {.name = "x.io/a@" + kDigest, .digest = kDigest, .problem = "broken"}});
  CHECK(table ==
        "NAME                      TAG   DIGEST        SIZE     CREATED\n"
        "docker.io/library/alpine  3.20  cccccccccccc  3.1 MB   2026-11-22 10:00:00\n"
        "x.io/a                    -     cccccccccccc  damaged  -\n");
  CHECK(images_table({}) == "NAME  TAG  DIGEST  SIZE  CREATED\n");
}

TEST_CASE("what an image or an index says cannot reach the terminal raw") {
  auto table =
      images_table({{.name = "\x1b[31mred", .digest = kDigest, .created = "\x1b[31m2026-11-22"}});
  CHECK(table.find('\x1b') == std::string::npos);
}

TEST_CASE("the JSON leaves out what is not known") {
  auto json = images_json({{.name = "a", .digest = kDigest, .platform = "linux/amd64", .size = 5},
                           {.name = "b", .digest = kDigest, .problem = "broken"}});
  CHECK(base::dump(json) == R"([{"name":"a","digest":")" + kDigest +
                                R"(","size":5,"platform":"linux/amd64"},{"name":"b","digest":")" +
                                kDigest + R"(","problem":"broken"}])");
  CHECK(base::dump(images_json({})) == "[]");
}

TEST_CASE("the store lies where the user may write") {
  CHECK(default_store({}).value() == "/var/lib/coracle/images");
  CHECK(default_store({.uid = 5, .home = "/h"}).value() == "/h/.local/share/coracle/images");
  CHECK(default_store({.uid = 5, .home = "/h", .data_home = "/d"}).value() == "/d/coracle/images");
  CHECK(default_store({.uid = 5, .home = "/h", .data_home = "d"}).value() ==
        "/h/.local/share/coracle/images");
  CHECK(!default_store({.uid = 5}));
}

TEST_CASE("credentials are asked of podman's files, then of Docker's") {
  using Files = std::vector<std::string>;
  CHECK(auth_files({.home = "/h", .runtime_dir = "/r"}) == Files{"/r/containers/auth.json",
                                                                 "/h/.config/containers/auth.json",
                                                                 "/h/.docker/config.json"});
  CHECK(auth_files({.home = "/h", .config_home = "/c", .docker_config = "/d"}) ==
        Files{"/c/containers/auth.json", "/d/config.json"});
  CHECK(auth_files({.home = "/h", .runtime_dir = "/r", .registry_auth_file = "/f"}) == Files{"/f"});
}
