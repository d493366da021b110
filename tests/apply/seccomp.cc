#include "apply/seccomp.h"

#include <doctest/doctest.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/json.h"
#include "spec/seccomp.h"
#include "spec/state.h"
#include "sys/socket.h"

using spec::SeccompAction;

namespace {

// A sanitizer makes calls of its own, which a filter that allows hardly any refuses it, too.
// g++ says so by a macro, clang by a feature.
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

spec::Seccomp profile(SeccompAction otherwise, std::vector<spec::SeccompRule> rules) {
  spec::Seccomp out;
  out.default_action = otherwise;
  out.syscalls = std::move(rules);
  return out;
}

spec::SeccompRule rule(std::vector<std::string> names, SeccompAction action,
                       std::optional<std::uint32_t> code = {}) {
  spec::SeccompRule out;
  out.names = std::move(names);
  out.action = action;
  out.errno_ret = code;
  return out;
}

plan::SeccompPlan planned(const spec::Seccomp& config) {
  auto plan = plan::seccomp(config, true, apply::seccomp_host());
  INFO((plan ? std::string() : plan.error().text()));
  REQUIRE(plan);
  return std::move(plan).value();
}

// Runs `body` in a child, whose exit status it gives; what waitpid says of the child.
template <class Body>
int in_child(Body body) {
  pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

bool load(const plan::SeccompPlan& plan) {
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && apply::load_filter(plan);
}

// The errno of a call that must fail, or 0.
int failure(long number) { return ::syscall(number, 0, 0, 0) < 0 ? errno : 0; }

}  // namespace

TEST_CASE("the kernel obeys the filter: errno, ENOSYS for new calls, and all else as before" *
          doctest::skip(kSanitized)) {
  auto plan =
      planned(profile(SeccompAction::Errno, {rule({"exit_group", "getuid"}, SeccompAction::Allow),
                                             rule({"getppid"}, SeccompAction::Errno, ENODATA)}));
  int status = in_child([&] {
    if (!load(plan)) return 1;
    if (failure(SYS_getuid) != 0) return 2;
    if (failure(SYS_getppid) != ENODATA) return 3;
    if (failure(SYS_getpid) != EPERM) return 4;
    if (failure(5000) != ENOSYS) return 5;
    return 0;
  });
  CHECK(status == 0);
}

TEST_CASE("the kernel obeys the filter: SIGSYS to be caught, and death") {
  auto trap = planned(profile(SeccompAction::Allow, {rule({"getppid"}, SeccompAction::Trap)}));
  CHECK(in_child([&] {
          ::signal(SIGSYS, [](int) { ::_exit(42); });
          if (!load(trap)) return 1;
          ::syscall(SYS_getppid);
          return 2;
        }) == 42 << 8);
  for (auto action : {SeccompAction::Kill, SeccompAction::KillProcess}) {
    auto kill = planned(profile(SeccompAction::Allow, {rule({"getppid"}, action)}));
    int status = in_child([&] {
      if (!load(kill)) return 1;
      ::syscall(SYS_getppid);
      return 2;
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGSYS);
  }
}

TEST_CASE("the kernel takes every flag that it is said to take") {
  auto flags = apply::supported_seccomp_flags();
  CHECK(flags.size() >= 3);
  for (const auto& flag : flags) {
    CAPTURE(flag);
    auto config = profile(SeccompAction::Allow, {rule({"getppid"}, SeccompAction::Notify)});
    config.listener_path = "/agent";
    config.flags = {flag};
    auto plan = planned(config);
    CHECK(in_child([&] { return load(plan) ? 0 : 1; }) == 0);
    config.syscalls.clear();
    auto plain = planned(config);
    CHECK(in_child([&] { return load(plain) ? 0 : 1; }) == 0);
  }
}

TEST_CASE("a filter that cannot be loaded is an error that names the call") {
  plan::SeccompPlan broken;
  broken.program = {{BPF_LD | BPF_IMM, 0, 0, 0}};  // ends without a return
  CHECK(in_child([&] {
          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          auto loaded = apply::load_filter(broken);
          return !loaded && loaded.error().code() == EINVAL &&
                         loaded.error().text().find("seccomp(") == 0
                     ? 0
                     : 1;
        }) == 0);
}

namespace {

// The agent of the specification: takes the listener, answers `calls` calls with their number.
struct Agent {
  std::string text{};
  int answered = 0;
};
Agent serve(base::FdRef socket, int calls) {
  Agent agent;
  std::array<char, 4096> buffer{};
  auto got = sys::receive(socket, buffer);
  REQUIRE(got);
  agent.text.assign(buffer.data(), got.value().size);
  auto listener = std::move(got).value().descriptor;
  REQUIRE(listener);
  for (; agent.answered < calls; ++agent.answered) {
    seccomp_notif call{};
    if (::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) break;
    seccomp_notif_resp answer{};
    answer.id = call.id;
    answer.val = call.data.nr;
    if (::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0) break;
  }
  return agent;
}

}  // namespace

TEST_CASE("the agent gets the listener and answers, even when nothing else may be called" *
          doctest::skip(kSanitized)) {
  // Not even a write would get out of this process: only the thread beside it can send.
  auto config =
      profile(SeccompAction::KillProcess, {rule({"exit_group"}, SeccompAction::Allow),
                                           rule({"getppid", "getpid"}, SeccompAction::Notify)});
  config.listener_path = "/agent";
  config.flags = {"SECCOMP_FILTER_FLAG_TSYNC"};
  auto plan = planned(config);
  spec::State state;
  state.id = "c1";
  state.pid = 42;
  auto text = plan::container_process_state(state, "metadata");

  auto pair = sys::socketpair(SOCK_STREAM);
  REQUIRE(pair);
  auto [ours, theirs] = std::move(pair).value();
  pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(1);
    if (!apply::load_filter_and_send(plan, theirs, text)) ::_exit(2);
    if (::syscall(SYS_getppid) != SYS_getppid) ::_exit(3);
    if (::syscall(SYS_getpid) != SYS_getpid) ::_exit(4);
    ::_exit(0);
  }
  theirs.close();
  auto agent = serve(ours, 2);
  CHECK(agent.answered == 2);
  CHECK(agent.text == text);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST_CASE("no thread and no descriptor is left when the listener has been sent") {
  auto config = profile(SeccompAction::Allow, {rule({"getppid"}, SeccompAction::Notify)});
  config.listener_path = "/agent";
  auto plan = planned(config);
  auto pair = sys::socketpair(SOCK_STREAM);
  REQUIRE(pair);
  const auto& [ours, theirs] = pair.value();
  int status = in_child([&, &agent = theirs] {
    int least = ::fcntl(0, F_DUPFD, 0);
    ::close(least);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!apply::load_filter_and_send(plan, agent, "{}")) return 1;
    int now = ::fcntl(0, F_DUPFD, 0);
    if (now != least) return 2;
    // man: unshare(2): a process with a second thread gets EINVAL; the kernel needs a moment more
    // to bury one that has left.
    while (::unshare(CLONE_VM) != 0)
      if (errno != EINVAL) return 3;
    return 0;
  });
  CHECK(status == 0);
}

TEST_CASE("an agent that has gone is an error, and so is a filter that does not load") {
  auto config = profile(SeccompAction::Allow, {rule({"getppid"}, SeccompAction::Notify)});
  config.listener_path = "/agent";
  auto plan = planned(config);
  auto pair = sys::socketpair(SOCK_STREAM);
  REQUIRE(pair);
  auto [ours, theirs] = std::move(pair).value();
  auto broken = plan;
  broken.program = {{BPF_LD | BPF_IMM, 0, 0, 0}};
  CHECK(in_child([&, &agent = theirs] {
          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          auto done = apply::load_filter_and_send(broken, agent, "{}");
          return !done && done.error().code() == EINVAL ? 0 : 1;
        }) == 0);
  ours.close();
  CHECK(in_child([&, &agent = theirs] {
          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          auto done = apply::load_filter_and_send(plan, agent, "{}");
          return !done && done.error().code() == EPIPE ? 0 : 1;
        }) == 0);
}

TEST_CASE("programs can be executed behind a filter that lets only that") {
  auto config = profile(SeccompAction::Errno, {rule({"execve"}, SeccompAction::Allow)});
  auto plan = planned(config);
  // The program is denied everything, and dies of it in its loader: but it was executed.
  int status = in_child([&] {
    if (!load(plan)) return 1;
    ::execl("/bin/true", "true", nullptr);
    return 2;
  });
  CHECK(status != 1 << 8);
  CHECK(status != 2 << 8);
}
