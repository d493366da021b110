#include "criu/message.h"

#include <doctest/doctest.h>

namespace {

// The bytes of one field: protobuf's tag, length, text.
std::string text_field(int number, const std::string& text) {
  std::string out;
  auto tag = static_cast<unsigned>(number) << 3U | 2U;
  for (; tag > 127; tag >>= 7U) out += static_cast<char>(tag | 128U);
  out += static_cast<char>(tag);
  out += static_cast<char>(text.size());
  return out + text;
}

bool holds(const std::string& bytes, const std::string& part) {
  return bytes.find(part) != std::string::npos;
}

TEST_CASE("a confirmation says whether to go on, in the bytes that criu reads") {
  CHECK(criu::confirm(true) == std::string("\x08\x06\x18\x01", 4));
  CHECK(criu::confirm(false) == std::string("\x08\x06\x18\x00", 4));
}

TEST_CASE("questions before the work leave the conversation open") {
  CHECK(criu::ask_version() == std::string("\x08\x0a\x20\x01", 4));
  CHECK(holds(criu::ask_features(), std::string("\x08\x09\x20\x01", 4)));
}

TEST_CASE("a request has its texts under the numbers of the protocol") {
  criu::Request request;
  request.root = "/r";
  request.log_file = "l";
  request.config_file = "c";
  request.freezer = "f";
  request.parent_images = "p";
  request.external = {"net[1]:n"};
  request.mounts = {{"/a", "b"}};
  request.cgroup_roots = {{"", "/g"}};
  request.inherited = {{"pipe:[7]", 1}};
  auto bytes = criu::write_request(request);
  CHECK(bytes.starts_with(std::string("\x08\x01\x12", 3)));  // DUMP, and the options
  for (auto [number, text] : {std::pair(13, "/r"), {10, "l"}, {51, "c"}, {44, "f"}, {14, "p"}}) {
    std::string wanted = text;  // clang: a lambda may not see a structured binding
    CHECK_MESSAGE(holds(bytes, text_field(number, wanted)), wanted);
  }
  CHECK(holds(bytes, text_field(37, "net[1]:n")));
  CHECK(holds(bytes, text_field(23, text_field(1, "/a") + text_field(2, "b"))));
  CHECK(holds(bytes, text_field(25, text_field(1, "") + text_field(2, "/g"))));
  CHECK(holds(bytes, text_field(27, text_field(1, "pipe:[7]") + "\x10\x01")));
}

TEST_CASE("what is not asked for is not in the request") {
  auto bare = criu::write_request({});
  for (auto flag :
       {&criu::Request::leave_running, &criu::Request::tcp_established,
        &criu::Request::tcp_skip_in_flight, &criu::Request::tcp_close, &criu::Request::shell_job,
        &criu::Request::file_locks, &criu::Request::link_remap, &criu::Request::track_memory,
        &criu::Request::auto_dedup, &criu::Request::lazy_pages,
        &criu::Request::external_unix_sockets}) {
    criu::Request asked;
    asked.*flag = true;
    // Two bytes of the option (three with a number above 15) and perhaps one of the length.
    auto more = criu::write_request(asked).size() - bare.size();
    CHECK(more >= 2);
    CHECK(more <= 4);
  }
}

TEST_CASE("a restored process is a sibling of criu, a dumped one is nobody's") {
  const std::string sibling("\xd0\x01\x01", 3);  // field 26
  criu::Request request;
  CHECK_FALSE(holds(criu::write_request(request), sibling));
  request.task = criu::Task::Restore;
  CHECK(holds(criu::write_request(request), sibling));
}

TEST_CASE("an answer is read") {
  auto notice = criu::read_answer(std::string("\x08\x06\x10\x01\x2a\x06\x0a\x02hi\x10\x2a", 12));
  REQUIRE(notice);
  CHECK(notice.value().notice);
  CHECK(notice.value().script == "hi");
  CHECK(notice.value().pid == 42);
  auto failure = criu::read_answer(std::string("\x08\x01\x10\x00\x38\x0d\x4a\x03no\n", 11));
  REQUIRE(failure);
  CHECK_FALSE(failure.value().notice);
  CHECK_FALSE(failure.value().success);
  CHECK(failure.value().code == 13);
  CHECK(failure.value().complaint == "no");
}

TEST_CASE("what is no answer is an error") {
  for (const auto& bytes : {std::string(), std::string("rubbish"), std::string("\x08\x01", 2)})
    CHECK_FALSE(criu::read_answer(bytes));
}

TEST_CASE("versions compare by their parts") {
  CHECK(criu::Version{{3, 17, 1}} < criu::Version{{4, 0, 0}});
  CHECK(criu::Version{{3, 17, 0}} >= criu::Version{{3, 17, 0}});
}

}  // namespace
