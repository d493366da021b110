#include "programs/run.h"

#include <doctest/doctest.h>

#include "folder.h"
#include "sys/process.h"

using base::FdRef;
using programs::Answer;
using programs::Command;
using programs::Errors;

namespace {

Command shell(const std::string& script) {
  return {.path = "/bin/sh", .args = {"-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

Answer answer(const Command& command, const std::string& input = {}) {
  auto out = programs::run(command, input, {}, Errors::Answer);
  REQUIRE_MESSAGE(out, out.error().text());
  return std::move(out).value();
}

std::string refusal(const Command& command, const programs::Limits& limits = {}) {
  auto out = programs::run(command, {}, limits, Errors::Answer);
  REQUIRE(!out);
  return out.error().text();
}

}  // namespace

TEST_CASE("a program is found in the absolute folders of PATH, in their order") {
  Folder folder;
  auto second = folder.write("b/tool", "", 0755);
  auto path = folder / "a" + ":bin:" + (folder / "b");
  CHECK(programs::find(path, "tool").value() == second);
  folder.write("a/tool", "", 0644);  // not executable
  CHECK(programs::find(path, "tool").value() == second);
  auto first = folder.write("a/other", "", 0755);
  folder.write("b/other", "", 0755);
  CHECK(programs::find(path, "other").value() == first);
  CHECK(programs::find("", first).value() == first);
}

TEST_CASE("what is not found is named, and is of its own kind") {
  auto none = programs::find("/nowhere:.", "tool");
  REQUIRE(!none);
  CHECK(none.error().text() == "the program tool is not in PATH");
  CHECK(none.error().kind() == base::Kind::NotFound);
  CHECK(programs::find("", "/no/where").error().text() == "the program /no/where is not there");
}

TEST_CASE("a program's input, both outputs and exit code") {
  auto told = answer(shell("read line; echo out $line; echo err >&2; exit 7"), "in\n");
  CHECK(told.out == "out in\n");
  CHECK(told.err == "err\n");
  CHECK(told.exit_code == 7);
  CHECK(answer(shell("kill -TERM $$")).exit_code == 128 + 15);
}

TEST_CASE("a program that does not read its input is no error") {
  CHECK(answer(shell("exit 3"), std::string(50'000, 'x')).exit_code == 3);
}

TEST_CASE(
    "a program has the environment, the folder and the descriptors that it is given, no others") {
  Folder folder;
  auto command = shell("pwd; echo $GIVEN $HOME; ls /proc/self/fd | tr '\\n' ' '");
  command.folder = folder.path();
  command.environment.emplace_back("GIVEN=yes");
  auto kept = sys::pipe();  // ours, without the flag that closes it
  REQUIRE(kept);
  auto held = sys::duplicate(kept.value().read_end, 50);
  REQUIRE(held);
  REQUIRE(::fcntl(held.value().raw(), F_SETFD, 0) == 0);
  // 3 is the folder that ls reads.
  CHECK(answer(command).out == folder.path() + "\nyes\n0 1 2 3 ");
}

TEST_CASE("descriptors that change places arrive where they belong") {
  Folder folder;
  auto file = [&](const char* name) {
    auto out = sys::openat(FdRef::cwd(), folder / name, O_WRONLY | O_CREAT, 0644);
    REQUIRE(out);
    return std::move(out).value();
  };
  auto first = file("first");
  auto second = file("second");
  auto script =
      "echo one >&" + std::to_string(second.raw()) + "; echo two >&" + std::to_string(first.raw());
  auto started = programs::start(shell(script), {{first, second.raw()}, {second, first.raw()}});
  REQUIRE(started);
  REQUIRE(sys::wait_child(started.value().pidfd).value().exit_code == 0);
  CHECK(folder.read("first") == "one\n");
  CHECK(folder.read("second") == "two\n");
}

TEST_CASE("a program that cannot begin is an error that says why") {
  CHECK(refusal({.path = "/no/where"}) ==
        "/no/where: execve(\"/no/where\"): No such file or directory");
  auto lost = shell("true");
  lost.folder = "/no/folder";
  CHECK(refusal(lost) == "/bin/sh: chdir(\"/no/folder\"): No such file or directory");
}

TEST_CASE("and so where its descriptors take the numbers of ours") {
  auto nothing = sys::openat(FdRef::cwd(), "/dev/null", O_RDWR);
  REQUIRE(nothing);
  programs::Descriptors all;
  for (int number = 0; number < 40; ++number) all.emplace_back(nothing.value(), number);
  auto started = programs::start({.path = "/no/where"}, all);
  REQUIRE(!started);
  CHECK(started.error().text() == "execve(\"/no/where\"): No such file or directory");
}

TEST_CASE("a program that takes too long, or tells too much, is ended") {
  CHECK(refusal(shell("exec sleep 1000"), {.time = std::chrono::seconds(1)}) ==
        "/bin/sh: has not ended after 1 seconds");
  CHECK(refusal(shell("exec yes"), {.bytes = 4096}) == "/bin/sh: answers without end");
}
