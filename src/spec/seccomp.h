// What the configuration says of the system call filter.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spec {

// spec: config-linux.md#seccomp
enum class SeccompAction { Kill, KillProcess, KillThread, Trap, Errno, Trace, Allow, Log, Notify };
enum class SeccompOperator {
  NotEqual,
  LessThan,
  LessOrEqual,
  Equal,
  GreaterOrEqual,
  GreaterThan,
  MaskedEqual
};

struct SeccompArgument {
  std::uint32_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  SeccompOperator op = SeccompOperator::Equal;
  friend bool operator==(const SeccompArgument&, const SeccompArgument&) = default;
};

struct SeccompRule {
  std::vector<std::string> names{};
  SeccompAction action = SeccompAction::Allow;
  std::optional<std::uint32_t> errno_ret{};
  std::vector<SeccompArgument> args{};
  friend bool operator==(const SeccompRule&, const SeccompRule&) = default;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::Allow;
  std::optional<std::uint32_t> default_errno_ret{};
  std::vector<std::string> architectures{};         // SCMP_ARCH_…, checked to be known
  std::optional<std::vector<std::string>> flags{};  // absent and empty differ
  std::string listener_path{};
  std::string listener_metadata{};
  std::vector<SeccompRule> syscalls{};
  friend bool operator==(const Seccomp&, const Seccomp&) = default;
};

}  // namespace spec
