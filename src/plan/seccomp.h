// Which system calls the container may make: rules → a program for seccomp(2), its flags, its
// listener.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/kernel.h"
#include "base/named.h"
#include "base/result.h"
#include "spec/seccomp.h"
#include "spec/state.h"

namespace plan {

// The flags that a configuration may ask for, as SECCOMP_FILTER_FLAG_… of <linux/seccomp.h>.
inline constexpr std::array<base::Named<unsigned>, 4> kSeccompFlags{{
    {"SECCOMP_FILTER_FLAG_TSYNC", 1U << 0},
    {"SECCOMP_FILTER_FLAG_LOG", 1U << 1},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1U << 2},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1U << 5},  // Linux 5.19
}};

struct SeccompHost {
  unsigned flags = 0;  // those of kSeccompFlags that the kernel takes
};

struct SeccompPlan {
  std::vector<base::kernel::SockFilter> program{};
  unsigned flags = 0;  // SECCOMP_FILTER_FLAG_… for seccomp(2)
  // Loading needs CAP_SYS_ADMIN or no_new_privs. early: there is no no_new_privs, so the filter is
  // loaded before capabilities are dropped; else it is the last step before execve.
  bool early = false;
  bool notify = false;  // loading gives a listener, which goes to the agent at listener_path
  std::string listener_path{};
  std::string listener_metadata{};
  std::vector<std::string> warnings{};  // whole sentences for the log
  friend bool operator==(const SeccompPlan&, const SeccompPlan&) = default;
};

// The profile has passed spec::check. Errors: Config for what cannot be compiled, Unsupported for
// flags that this kernel and architectures that this build do not know. System calls that
// libseccomp does not know are left out, with a warning. spec: config-linux.md#seccomp
base::Result<SeccompPlan> seccomp(const spec::Seccomp& config, bool no_new_privileges,
                                  const SeccompHost& host);

// The text that goes to the agent together with the listener, "seccompFd"; state.pid is the
// container process as the runtime sees it. spec: config-linux.md#containerprocessstate
std::string container_process_state(const spec::State& state, const std::string& metadata);

// "2.5.4"
std::string libseccomp_version();

}  // namespace plan
