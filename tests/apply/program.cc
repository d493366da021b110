#include "apply/program.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "folder.h"
#include "sys/process.h"

using apply::Program;
using apply::run_program;

namespace {

using Clock = std::chrono::steady_clock;

Program shell(const std::string& script) {
  return {.path = "/bin/sh", .args = {"sh", "-c", script}, .env = {"PATH=/usr/bin:/bin"}};
}

std::string said(const Program& program) {
  auto out = run_program(program);
  return out ? out.value() : "error: " + out.error().text();
}

bool no_children() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

TEST_CASE("the result is what the program printed, on both outputs") {
  CHECK(said(shell("echo a; echo b >&2; echo c")) == "a\nb\nc\n");
  CHECK(said(shell(":")).empty());
  CHECK(no_children());
}

TEST_CASE("any end but exit status 0 is an error that says how, and what was printed") {
  CHECK(said(shell("exit 3")) == "error: exit status 3");
  CHECK(said(shell("echo reason; exit 1")) == "error: exit status 1: reason");
  CHECK(said(shell("echo reason; kill -9 $$")) == "error: killed by signal 9: reason");
  CHECK(no_children());
}

TEST_CASE("a program that is not there is an error with its path") {
  auto out = said({.path = "/nonexistent", .args = {"x"}});
  CHECK(out.find("exit status 127") != std::string::npos);
  CHECK(out.find("/nonexistent") != std::string::npos);
}

TEST_CASE("arguments and environment are those that were given and no others") {
  CHECK(said({.path = "/usr/bin/env", .args = {"env"}, .env = {"A=1", "B=x y"}}) == "A=1\nB=x y\n");
  Program program{.path = "/bin/sh", .args = {"name", "-c", "echo \"$0 $@\"", "zero", "a b", ""}};
  CHECK(said(program) == "zero a b \n");
}

TEST_CASE("the program starts in its folder, or where we are when that is gone") {
  Folder folder;
  auto program = shell("pwd -P");
  program.folder = folder.path();
  CHECK(said(program) == folder.path() + "\n");
  auto here = sys::getcwd();
  REQUIRE(here);
  program.folder = folder / "none";
  CHECK(said(program) == here.value() + "\n");
}

TEST_CASE("the input arrives whole, however long it is, and ends") {
  auto program = shell("wc -c");
  for (std::size_t size : {0U, 1U, 1'000'000U}) {
    program.input = std::string(size, 'x');
    CHECK(said(program) == base::cat(size, "\n"));
  }
}

TEST_CASE("an input that is not read is no error and raises no signal") {
  for (auto script : {"exit 0", "exec <&-; echo x", "head -c 1 > /dev/null"}) {
    auto program = shell(script);
    program.input = std::string(1'000'000, 'x');
    CHECK_MESSAGE(run_program(program), script);
  }
}

TEST_CASE("of the output the last bytes are kept") {
  auto program = shell("seq 1 100000; echo end");
  auto out = said(program);
  CHECK(out.size() == 4096);
  CHECK(out.ends_with("100000\nend\n"));
  program.kept_output = 4;
  CHECK(said(program) == "end\n");
}

TEST_CASE("a program whose time is over is killed and reaped") {
  auto program = shell("echo started; exec sleep 1000");
  program.timeout = 1000;
  auto began = Clock::now();
  CHECK(said(program) == "error: not finished after 1 s, killed: started");
  CHECK(Clock::now() - began < std::chrono::seconds(60));
  CHECK(no_children());
  program.timeout = 60'000;
  program.args[2] = "exit 0";
  CHECK(run_program(program));
}

TEST_CASE("a child that holds the outputs does not keep us waiting") {
  Folder folder;
  auto program = shell("sleep 1000 & echo $! > " + folder / "pid" + "; echo done");
  auto began = Clock::now();
  CHECK(said(program) == "done\n");
  CHECK(Clock::now() - began < std::chrono::seconds(60));
  auto pid = base::parse<pid_t>(base::trim(folder.read("pid")));
  REQUIRE(pid);
  CHECK(::kill(*pid, SIGKILL) == 0);
}

TEST_CASE("waiting for a program that has closed its outputs takes no processor time") {
  struct rusage before {};
  struct rusage after {};
  ::getrusage(RUSAGE_SELF, &before);
  CHECK(said(shell("exec > /dev/null 2>&1; exec sleep 1")).empty());
  ::getrusage(RUSAGE_SELF, &after);
  auto used = [](const struct rusage& usage) {
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000L + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
  };
  CHECK(used(after) - used(before) < 100'000);
}

TEST_CASE("signals that we block or ignore are not blocked or ignored in the program") {
  sigset_t all;
  ::sigfillset(&all);
  auto former = sys::block_signals(all);
  REQUIRE(former);
  auto pipe = ::signal(SIGPIPE, SIG_IGN);
  auto out = said(shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"));
  ::signal(SIGPIPE, pipe);
  CHECK(sys::restore_signals(former.value()));
  CHECK(out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

}  // namespace
