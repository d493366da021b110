#include "cli/completion.h"

#include <doctest/doctest.h>

#include "cli/help.h"
#include "cli/offers.h"

using namespace cli;

namespace {

Command program() {
  Option root{.names = {"--root"}, .value = "DIR", .what = "where", .group = "Options"};
  Option form{.names = {"-f", "--format"},
              .value = "FORMAT",
              .what = "how it's shown",
              .standard = "table",
              .group = "Options",
              .choices = {"table", "json"}};
  Command stop{.name = "stop", .line = "prog stop", .what = "ends one", .footer = "Example:\n  x"};
  stop.options.push_back(form);
  stop.words.push_back({.name = "CONTAINER", .shown = "CONTAINER"});
  Command out{.name = "prog", .line = "prog", .what = "Does things."};
  out.options.push_back(root);
  out.commands.push_back(stop);
  return out;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the name of a value tells what is offered for it") {
  CHECK(offer_of("DIR", {}) == Offer::Folders);
  CHECK(offer_of("ID|DIR", {}) == Offer::Folders);
  CHECK(offer_of("SOCKET", {}) == Offer::Files);
  CHECK(offer_of("CONTAINER", {}) == Offer::Containers);
  CHECK(offer_of("IMAGE", {}) == Offer::Images);
  CHECK(offer_of("FORMAT", {"table"}) == Offer::Choices);
  CHECK(offer_of("DIRECTORY", {}) == Offer::Nothing);
}

TEST_CASE("each script has the commands, the options and their explanations, and no gap") {
  for (const auto& script :
       {bash_completion(program()), zsh_completion(program()), fish_completion(program())}) {
    CHECK(holds(script, "stop"));
    CHECK(holds(script, "ends one"));
    CHECK(holds(script, "format"));
    CHECK(holds(script, "json"));
    CHECK(holds(script, "list -q"));
    CHECK(!holds(script,
                 "@"
                 "name@"));
    CHECK(!holds(script, "@takes@"));
  }
}

TEST_CASE("an apostrophe in an explanation stays inside the shell's quotes") {
  CHECK(holds(bash_completion(program()), "how it'\\''s shown"));
  CHECK(holds(zsh_completion(program()), "how it'\\''s shown"));
  CHECK(holds(fish_completion(program()), "how it\\'s shown"));
}

TEST_CASE("help begins with the whole line and ends with the example and the page") {
  auto text = help(program().commands.front());
  CHECK(text.starts_with("Usage: prog stop [OPTION...] CONTAINER\n"));
  CHECK(holds(text, "  -f, --format FORMAT"));
  CHECK(holds(text, "(default: table)"));
  CHECK(holds(text, "\nExample:\n  x\n"));
  CHECK(text.ends_with("More: man prog-stop\n"));
  CHECK(holds(help(program()), "\nCommands:\n  stop "));
}

}  // namespace
