#include "container/channel.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sys/file.h"
#include "sys/socket.h"

using base::Kind;
using container::Word;

namespace {

sys::SocketPair pair() {
  auto out = sys::socketpair(SOCK_STREAM);
  REQUIRE(out);
  return std::move(out).value();
}

// The header as it goes over the wire: word, kind, errno, size.
std::string header(std::array<std::uint32_t, 4> numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), sizeof numbers};
}

std::string error_after(std::string_view bytes) {
  auto ends = pair();
  REQUIRE(sys::send(ends.first, bytes));
  ends.first.close();
  auto got = container::receive_message(ends.second);
  return got ? "" : got.error().text();
}

TEST_CASE("each word arrives with its text, one after the other") {
  auto ends = pair();
  for (auto word : {Word::Agent, Word::Go, Word::Hooks, Word::Ready, Word::Pid})
    for (std::string text : {"", "x", "a longer text\nof two lines"}) {
      REQUIRE(container::send_message(ends.first, word, text));
      REQUIRE(container::send_message(ends.first, Word::Go));
      auto got = container::expect(ends.second, word, "init");
      REQUIRE(got);
      CHECK(got.value().word == word);
      CHECK(got.value().text == text);
      CHECK(container::expect(ends.second, Word::Go, "init"));
    }
}

TEST_CASE("a failure arrives as the very error, whatever was expected") {
  for (int number = 0; number <= static_cast<int>(base::kLastKind); ++number) {
    auto kind = static_cast<Kind>(number);
    auto ends = pair();
    container::send_failure(ends.first, base::Error(kind, EPERM, "mounts[3]: no"));
    auto got = container::expect(ends.second, Word::Ready, "init");
    REQUIRE(!got);
    CHECK(got.error().kind() == kind);
    CHECK(got.error().code() == EPERM);
    CHECK(got.error().text() == "mounts[3]: no");
  }
}

TEST_CASE("who has left with a failure is told of it, not of the broken pipe") {
  ::signal(SIGPIPE, SIG_IGN);  // as in the program
  for (bool unread : {false, true}) {
    auto ends = pair();
    if (unread) REQUIRE(container::send_message(ends.second, Word::Agent, "never read"));
    container::send_failure(ends.first, base::Error(Kind::Config, EBUSY, "join cgroup /a: no"));
    ends.first.close();
    auto sent = container::send_message(ends.second, Word::Go);
    REQUIRE(!sent);
    CHECK(sent.error().text() == "join cgroup /a: no");
    CHECK(sent.error().code() == EBUSY);
  }
  auto silent = pair();
  silent.first.close();
  auto sent = container::send_message(silent.second, Word::Go);
  REQUIRE(!sent);
  CHECK(sent.error().text().find("was killed") != std::string::npos);
}

TEST_CASE("a failure goes through a fifo or pipe as well") {
  auto pipe = sys::pipe();
  REQUIRE(pipe);
  container::send_failure(pipe.value().write_end, base::state_error("gone"));
  auto got = container::receive_message(pipe.value().read_end);
  REQUIRE(got);
  REQUIRE(got.value());
  CHECK(container::error_of(*got.value()).text() == "gone");
}

TEST_CASE("a sentence is cut to 4 KiB, a text is not") {
  auto ends = pair();
  std::string text(10'000, 'x');
  container::send_failure(ends.first, base::state_error(text));
  auto cut = container::expect(ends.second, Word::Go, "init");
  REQUIRE(!cut);
  CHECK(cut.error().text() == std::string(4096, 'x'));
  REQUIRE(container::send_message(ends.first, Word::Go, text));
  auto whole = container::expect(ends.second, Word::Go, "init");
  REQUIRE(whole);
  CHECK(whole.value().text == text);
}

TEST_CASE("the end of the stream is no message, and who was expected has died") {
  auto ends = pair();
  ends.first.close();
  auto got = container::receive_message(ends.second);
  REQUIRE(got);
  CHECK(!got.value());
  auto expected = container::expect(ends.second, Word::Ready, "init");
  REQUIRE(!expected);
  CHECK(expected.error().text() == "init died before it was ready");
}

TEST_CASE("half a message is an error, in its header and in its text") {
  auto whole = header({2, 0, 0, 5}) + "hello";
  CHECK(error_after(whole).empty());
  for (std::size_t size = 1; size < whole.size(); ++size)
    CHECK(error_after(whole.substr(0, size)).find("in the middle of a message") !=
          std::string::npos);
}

TEST_CASE("a message larger than 16 MiB is refused before anything is set aside for it") {
  CHECK(error_after(header({2, 0, 0, (16U << 20) + 1})) == "a message of 16777217 bytes");
  CHECK(error_after(header({2, 0, 0, 0xffffffff})) == "a message of 4294967295 bytes");
}

TEST_CASE("another word than the expected one is an error, also one that does not exist") {
  for (std::uint32_t word : {1U, 77U}) {
    auto ends = pair();
    REQUIRE(sys::send(ends.first, header({word, 0, 0, 0})));
    auto got = container::expect(ends.second, Word::Go, "init");
    REQUIRE(!got);
    CHECK(got.error().text() == "init said something unexpected");
  }
}

}  // namespace
