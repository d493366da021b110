// Running a piece of test in throw-away namespaces: whatever it mounts goes with it.
#pragma once
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/text.h"

namespace kernel {

// Nothing, or what went wrong: pieces of test return it, since they run in other processes.
using Outcome = std::string;
using Body = std::function<Outcome()>;

// For bodies: leave with the place and the reason.
#define WANT(condition, ...)                                                      \
  do {                                                                            \
    if (!(condition))                                                             \
      return base::cat("line ", __LINE__,                                         \
                       ": not so: " #condition __VA_OPT__(, ": ", ) __VA_ARGS__); \
  } while (0)
#define WANT_OK(result)                                                          \
  do {                                                                           \
    auto&& want_ = (result);                                                     \
    if (!want_) return base::cat("line ", __LINE__, ": ", want_.error().text()); \
  } while (0)

inline void write_file(const char* path, const std::string& text) {
  if (auto* file = std::fopen(path, "we")) {
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
}

// Runs the body in a child process and gives back what it returned.
inline Outcome in_child(const Body& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return "pipe2 failed";
  std::fflush(nullptr);
  auto pid = ::fork();
  if (pid < 0) return "fork failed";
  if (pid == 0) {
    ::close(ends[0]);
    auto text = body();
    if (!text.empty() && ::write(ends[1], text.data(), text.size()) < 0) ::_exit(2);
    ::_exit(text.empty() ? 0 : 1);
  }
  ::close(ends[1]);
  Outcome out;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (out.empty() && status != 0) return base::cat("the child ended with status ", status);
  return out;
}

// In new namespaces (CLONE_NEW…), as pid 1 of a new pid namespace, as root of a new user namespace.
inline Outcome in_namespaces(int flags, const Body& body) {
  return in_child([&]() -> Outcome {
    auto uid = ::geteuid();
    auto gid = ::getegid();
    if (::unshare(flags) < 0) return "unshare refused";
    if (flags & CLONE_NEWUSER) {
      write_file("/proc/self/setgroups", "deny");
      write_file("/proc/self/uid_map", base::cat("0 ", uid, " 1"));
      write_file("/proc/self/gid_map", base::cat("0 ", gid, " 1"));
    }
    return flags & CLONE_NEWPID ? in_child(body) : body();
  });
}

// On a host of its own: a private mount namespace with a fresh tmpfs at /tmp; without root, in a
// user namespace. Exits with 77 (meson: skipped) where that is not permitted.
inline Outcome on_host(const Body& body) {
  int flags = CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER);
  auto out = in_namespaces(flags, [&]() -> Outcome {
    if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) < 0) return "mount refused";
    if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) < 0) return "mount refused";
    return body();
  });
  if (out == "unshare refused" || out == "mount refused") {
    std::fprintf(stderr, "skipped: %s\n", out.c_str());
    std::exit(77);
  }
  return out;
}

}  // namespace kernel
