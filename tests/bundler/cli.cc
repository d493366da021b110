#include "bundler/cli.h"

#include <doctest/doctest.h>

using namespace bundler;

namespace {

std::variant<Invocation, Answer> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "bundler");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

MakeBundleCommand unpack(std::vector<const char*> words) {
  words.insert(words.begin(), "unpack");
  auto parsed = parse(words);
  REQUIRE(std::holds_alternative<Invocation>(parsed));
  return std::get<MakeBundleCommand>(std::get<Invocation>(parsed).command);
}

std::string wrong(std::vector<const char*> words) {
  auto parsed = parse(words);
  auto answer = std::get_if<Answer>(&parsed);
  return answer && answer->wrong ? answer->text : "";
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("every word after the bundle and its options is the command's") {
  auto command = unpack({"a", "b", "-m", "5M", "--env", "A=1", "sh", "-c", "x", "--memory", "9"});
  CHECK(command.image == "a");
  CHECK(command.bundle == "b");
  CHECK(command.memory == "5M");
  CHECK(command.env == Words{"A=1"});
  CHECK(command.command == Words{"sh", "-c", "x", "--memory", "9"});
}

TEST_CASE("an option takes one value only, so that a command may follow") {
  auto command = unpack({"a", "b", "-e", "A=1", "-e", "B=2", "-v", "/x:/y", "-t", "sh"});
  CHECK(command.env == Words{"A=1", "B=2"});
  CHECK(command.volumes == Words{"/x:/y"});
  CHECK(command.tty);
  CHECK(command.command == Words{"sh"});
}

TEST_CASE("two dashes end the options, and inside a command they are its own") {
  CHECK(unpack({"a", "b", "--", "-x", "y"}).command == Words{"-x", "y"});
  CHECK(unpack({"a", "b", "sh", "-c", "z", "--", "-x"}).command ==
        Words{"sh", "-c", "z", "--", "-x"});
  CHECK(unpack({"a", "b", "--", "x", "--", "y"}).command == Words{"x", "--", "y"});
}

TEST_CASE("an empty entrypoint is not an absent one") {
  CHECK(!unpack({"a", "b"}).entrypoint);
  CHECK(unpack({"a", "b", "--entrypoint", ""}).entrypoint == "");
}

TEST_CASE("a mistyped option is refused, and not taken for a command") {
  CHECK(wrong({"unpack", "a", "b", "--memroy", "5M", "sh"}).find("--memroy") != std::string::npos);
  CHECK(wrong({"pull", "--what", "a"}).find("--what") != std::string::npos);
  for (const auto& words :
       std::vector<std::vector<const char*>>{{},
                                             {"nosuch"},
                                             {"pull"},
                                             {"unpack"},
                                             {"unpack", "a"},
                                             {"import", "a"},
                                             {"images", "--format", "xml"},
                                             {"unpack", "a", "b", "--cpu-shares", "-1"}})
    CHECK(!wrong(words).empty());
}

TEST_CASE("global options go before the command, quiet also after it") {
  auto parsed = parse({"--store", "/s", "--debug", "pull", "-q", "a", "b"});
  auto invocation = std::get_if<Invocation>(&parsed);
  REQUIRE(invocation);
  CHECK(invocation->store == "/s");
  CHECK(invocation->debug);
  CHECK(invocation->quiet);
  CHECK(std::get<PullCommand>(invocation->command).images == Words{"a", "b"});
}

TEST_CASE("images is JSON by either flag") {
  for (const auto& words : std::vector<std::vector<const char*>>{{"images", "--json"},
                                                                 {"images", "--format", "json"}}) {
    auto parsed = parse(words);
    REQUIRE(std::holds_alternative<Invocation>(parsed));
    CHECK(std::get<ImagesCommand>(std::get<Invocation>(parsed).command).json);
  }
}

TEST_CASE("the help of each command shows an example") {
  for (auto words : std::vector<std::vector<const char*>>{{"--help"},
                                                          {"pull", "--help"},
                                                          {"images", "-h"},
                                                          {"import", "--help"},
                                                          {"unpack", "--help"}}) {
    auto parsed = parse(words);
    auto answer = std::get_if<Answer>(&parsed);
    REQUIRE(answer);
    CHECK(!answer->wrong);
    CHECK(answer->text.find("Example:\n") != std::string::npos);
  }
  auto version = parse({"--version"});
  CHECK(std::get<Answer>(version).text.starts_with("bundler "));
}
