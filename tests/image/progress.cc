#include "image/progress.h"

#include <doctest/doctest.h>

using namespace image;

namespace {
Transfer transfer(std::uint64_t have, std::uint64_t size, double seconds) {
  return {.what = "layer",
          .digest = {Algorithm::Sha256, std::string(64, 'a')},
          .size = size,
          .have = have,
          .seconds = seconds};
}
}  // namespace

TEST_CASE("sizes are shown with three digits") {
  CHECK(show_size(0) == "0 B");
  CHECK(show_size(999) == "999 B");
  CHECK(show_size(1000) == "1.0 kB");
  CHECK(show_size(99'949) == "99.9 kB");
  CHECK(show_size(999'999) == "999 kB");
  CHECK(show_size(3'100'000) == "3.1 MB");
  CHECK(show_size(UINT64_MAX) == "18.4 EB");
}

TEST_CASE("a bar fits the terminal and shows part, sizes and rate") {
  auto bar = show_bar(transfer(500'000, 1'000'000, 0.5), 100);
  CHECK(bar ==
        "layer aaaaaaaaaaaa [===============>              ] 500 kB / 1.0 MB  1.0 MB/s, 1 s left");
  for (std::size_t columns : {0U, 1U, 20U, 40U, 60U, 200U})
    CHECK(show_bar(transfer(500'000, 1'000'000, 0.5), columns).size() <= columns);
}

TEST_CASE("the time that is left is told as people tell time") {
  auto left = [](std::uint64_t size) {
    auto bar = show_bar(transfer(1'000'000, size, 1), 120);
    auto at = bar.find("/s, ");
    return at == std::string::npos ? "" : bar.substr(at + 4);
  };
  CHECK(left(3'000'000) == "3 s left");
  CHECK(left(66'000'000) == "1 min 6 s left");
  CHECK(left(7'381'000'000) == "2 h 3 min left");
  CHECK(left(UINT64_MAX) == "");
  CHECK(left(1'000'000) == "");
}

TEST_CASE("progress for programs is an object") {
  auto one = transfer(5, 10, 1);
  CHECK(base::dump(progress_json(one)) ==
        "{\"event\":\"progress\",\"what\":\"layer\",\"digest\":\"sha256:" + std::string(64, 'a') +
            "\",\"have\":5,\"size\":10}");
  one.ended = true;
  one.how = Progress::End::Present;
  CHECK(base::dump(progress_json(one)).starts_with("{\"event\":\"present\""));
}

TEST_CASE("foreign sizes cannot break a bar") {
  CHECK(show_bar(transfer(0, 0, 0), 80).find("==============================]") !=
        std::string::npos);
  CHECK(show_bar(transfer(UINT64_MAX, 1, 1), 80).size() <= 80);
  CHECK(show_bar(transfer(0, UINT64_MAX, 1), 80).size() <= 80);
}

TEST_CASE("a line tells how a blob ended") {
  auto done = transfer(3'100'000, 3'100'000, 1.26);
  CHECK(show_line(done) == "layer aaaaaaaaaaaa: 3.1 MB in 1.2 s");
  done.how = Progress::End::Present;
  CHECK(show_line(done) == "layer aaaaaaaaaaaa: already there");
}
