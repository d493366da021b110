#include "image/relay.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <future>

using namespace image;

namespace {

// Keeps what it gets, and in which thread; fails from a number of bytes on.
class Taker : public Sink {
 public:
  explicit Taker(std::size_t most = SIZE_MAX) : most_(most) {}
  base::Status write(std::string_view bytes) override {
    thread = std::this_thread::get_id();
    if (hold.valid()) hold.wait();
    if (failed) ++after_failure;
    failed = text.size() + bytes.size() > most_;
    if (failed) return base::system_error("no more room");
    text += bytes;
    return {};
  }
  std::string text{};
  std::thread::id thread{};
  std::shared_future<void> hold{};
  bool failed = false;
  int after_failure = 0;

 private:
  std::size_t most_;
};

std::string many_bytes(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i * 7 + i / 251);
  return out;
}

}  // namespace

TEST_CASE("a relay hands all bytes on in their order, in pieces of any size") {
  auto bytes = many_bytes(3'000'001);
  for (std::size_t piece : {std::size_t{4001}, std::size_t{256} << 10, std::size_t{2'000'000}}) {
    Taker taker;
    Relay relay(&taker);
    for (std::string_view rest = bytes; !rest.empty();
         rest.remove_prefix(std::min(piece, rest.size())))
      REQUIRE(relay.write(rest.substr(0, piece)));
    REQUIRE(relay.finish());
    CHECK(taker.text == bytes);
    CHECK(taker.thread != std::this_thread::get_id());
  }
}

TEST_CASE("a relay of little makes no thread") {
  Taker taker;
  Relay relay(&taker);
  REQUIRE(relay.write("a"));
  REQUIRE(relay.write("b"));
  REQUIRE(relay.finish());
  CHECK(taker.text == "ab");
  CHECK(taker.thread == std::this_thread::get_id());
}

TEST_CASE("an error behind a relay comes back to the writer, and nothing follows it") {
  Taker taker(1'000'000);
  Relay relay(&taker);
  auto piece = many_bytes(300'000);
  base::Status written;
  for (int i = 0; i < 100 && written; ++i) written = relay.write(piece);
  REQUIRE(!written);  // before all 30 MB had to be taken
  CHECK(written.error().text() == "no more room");
  auto finished = relay.finish();
  REQUIRE(!finished);
  CHECK(finished.error().text() == "no more room");
  CHECK(taker.after_failure == 0);
}

TEST_CASE("an error at the last piece is told by finish") {
  for (std::size_t size : {std::size_t{10}, std::size_t{1'000'000}}) {
    Taker taker(size - 1);
    Relay relay(&taker);
    (void)relay.write(many_bytes(size));
    auto finished = relay.finish();
    REQUIRE(!finished);
    CHECK(finished.error().text() == "no more room");
  }
}

TEST_CASE("a relay that is given up drops what waits, and does not hang") {
  std::promise<void> release;
  Taker taker;
  taker.hold = release.get_future().share();
  {
    Relay relay(&taker);
    REQUIRE(relay.write(many_bytes(700'000)));
    release.set_value();
  }
  CHECK(taker.text.size() <= 700'000);
}
