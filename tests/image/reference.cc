#include "image/reference.h"

#include <doctest/doctest.h>

using namespace image;

namespace {
const std::string kDigest =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
}

TEST_CASE("references are completed as Docker completes them") {
  struct Row {
    std::string text;
    std::string registry;
    std::string repository;
    std::string tag;
    std::string full;
  };
  for (const auto& row : {
           Row{"alpine", "docker.io", "library/alpine", "latest",
               "docker.io/library/alpine:latest"},
           Row{"alpine:3.20", "docker.io", "library/alpine", "3.20",
               "docker.io/library/alpine:3.20"},
           Row{"docker.io/alpine", "docker.io", "library/alpine", "latest",
               "docker.io/library/alpine:latest"},
           Row{"index.docker.io/alpine", "docker.io", "library/alpine", "latest",
               "docker.io/library/alpine:latest"},
           Row{"me/tool", "docker.io", "me/tool", "latest", "docker.io/me/tool:latest"},
           Row{"localhost/a", "localhost", "a", "latest", "localhost/a:latest"},
           Row{"localhost:5000/a/b:tag", "localhost:5000", "a/b", "tag", "localhost:5000/a/b:tag"},
           Row{"ghcr.io/a", "ghcr.io", "a", "latest", "ghcr.io/a:latest"},
           Row{"[::1]:5000/a", "[::1]:5000", "a", "latest", "[::1]:5000/a:latest"},
           Row{"127.0.0.1:80/a:T_1.x-y", "127.0.0.1:80", "a", "T_1.x-y", "127.0.0.1:80/a:T_1.x-y"},
           Row{"EXAMPLE.io/a", "example.io", "a", "latest", "example.io/a:latest"},
           Row{"a__b/c--d.e_f", "docker.io", "a__b/c--d.e_f", "latest",
               "docker.io/a__b/c--d.e_f:latest"},
           Row{"localhost:5000", "docker.io", "library/localhost", "5000",
               "docker.io/library/localhost:5000"},
           Row{"alpine@" + kDigest, "docker.io", "library/alpine", "",
               "docker.io/library/alpine@" + kDigest},
       }) {
    CAPTURE(row.text);
    auto reference = parse_reference(row.text);
    REQUIRE(reference);
    CHECK(reference.value().registry == row.registry);
    CHECK(reference.value().repository == row.repository);
    CHECK(reference.value().tag == row.tag);
    CHECK(reference.value().text() == row.full);
    // The full name is a reference to the same thing.
    CHECK(parse_reference(row.full).value() == reference.value());
  }
}

TEST_CASE("of a tag and a digest the digest wins") {
  auto both = parse_reference("localhost:5000/a:1@" + kDigest);
  REQUIRE(both);
  CHECK(both.value() == parse_reference("localhost:5000/a@" + kDigest).value());
  CHECK(both.value().manifest() == kDigest);
  // The tag is dropped, and must be one all the same.
  CHECK(!parse_reference("a:/@" + kDigest));
}

TEST_CASE("what is outside the grammar is refused as wrong usage, on one line") {
  const std::vector<std::string> wrong{"",
                                       " ",
                                       "a b",
                                       "A",
                                       "a/B",
                                       "A/b",
                                       "a:",
                                       "a:-x",
                                       "a:.x",
                                       "a:b:c",
                                       "a:" + std::string(129, 'x'),
                                       "a@",
                                       "a@sha256:12",
                                       "a@" + kDigest + "@" + kDigest,
                                       "@" + kDigest,
                                       "/a",
                                       "a//b",
                                       "a/",
                                       "-a",
                                       "a-",
                                       "a..b",
                                       "a___b",
                                       "a/../b",
                                       "../a",
                                       "a/./b",
                                       "a\nHost: evil",
                                       "a:x\r\nX: y",
                                       std::string("a\0b", 3),
                                       "localhost:0/a",
                                       "localhost:99999/a",
                                       "localhost:x/a",
                                       "-h.io/a",
                                       "h-.io/a",
                                       "a..io/a",
                                       "[::1/a",
                                       "[::1]x/a",
                                       "[1.2]/a",
                                       "user@host.io/a",
                                       "http://host.io/a",
                                       "ex.io/",
                                       "a?x=1",
                                       "a%2e",
                                       "\xc3\xa4",
                                       std::string(64, 'a'),
                                       std::string(256, 'a'),
                                       "x.io/" + std::string(251, 'a')};
  for (const auto& text : wrong) {
    CAPTURE(text);
    auto reference = parse_reference(text);
    REQUIRE(!reference);
    CHECK(reference.error().kind() == base::Kind::Usage);
    CHECK(reference.error().text().find('\n') == std::string::npos);
  }
  CHECK(parse_reference("x.io/" + std::string(250, 'a')));
}
