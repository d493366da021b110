// What the configuration says of the container's process.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spec {

// spec: config.md#process
struct ConsoleSize {
  std::uint64_t height = 0;
  std::uint64_t width = 0;
  friend bool operator==(const ConsoleSize&, const ConsoleSize&) = default;
};

// spec: config.md#posix-platform-user
struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask{};
  std::vector<std::uint32_t> additional_gids{};
  friend bool operator==(const User&, const User&) = default;
};

// spec: config.md#linux-process. Names as written: an unknown one is a warning, not an error.
struct Capabilities {
  std::vector<std::string> bounding{};
  std::vector<std::string> effective{};
  std::vector<std::string> inheritable{};
  std::vector<std::string> permitted{};
  std::vector<std::string> ambient{};
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// spec: config.md#posix-process
struct Rlimit {
  std::string type{};  // RLIMIT_NOFILE …, checked to be known
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

// spec: config.md#linux-process
struct Scheduler {
  std::string policy{};  // SCHED_OTHER …, checked to be known
  std::optional<std::int32_t> nice{};
  std::optional<std::int32_t> priority{};
  std::vector<std::string> flags{};  // SCHED_FLAG_…, checked to be known
  std::optional<std::uint64_t> runtime{};
  std::optional<std::uint64_t> deadline{};
  std::optional<std::uint64_t> period{};
  friend bool operator==(const Scheduler&, const Scheduler&) = default;
};

struct IoPriority {
  std::string io_class{};  // IOPRIO_CLASS_RT, _BE or _IDLE
  std::int32_t priority = 0;
  friend bool operator==(const IoPriority&, const IoPriority&) = default;
};

struct ExecCpuAffinity {
  std::string initial{};  // cpu lists, checked: "0-3,7"
  std::string final_{};
  friend bool operator==(const ExecCpuAffinity&, const ExecCpuAffinity&) = default;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size{};
  User user{};
  std::vector<std::string> args{};
  std::vector<std::string> env{};
  std::string cwd{};
  std::optional<Capabilities> capabilities{};
  std::vector<Rlimit> rlimits{};
  bool no_new_privileges = false;
  std::optional<std::int32_t> oom_score_adj{};
  std::optional<Scheduler> scheduler{};
  std::optional<IoPriority> io_priority{};
  std::optional<ExecCpuAffinity> exec_cpu_affinity{};
  std::string apparmor_profile{};
  std::string selinux_label{};
  friend bool operator==(const Process&, const Process&) = default;
};

}  // namespace spec
