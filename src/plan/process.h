// The container's process: everything about it, decided; shared by create and exec.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/kernel.h"
#include "base/result.h"
#include "plan/host.h"
#include "plan/memory_policy.h"
#include "spec/config.h"

namespace plan {

struct Capabilities {
  std::uint64_t bounding = 0;
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t ambient = 0;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Rlimit {
  int resource = 0;  // RLIMIT_…
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  std::string what{};  // "process.rlimits[0] RLIMIT_NOFILE"
  friend bool operator==(const Rlimit&, const Rlimit&) = default;
};

struct Process {
  std::vector<std::string> args{};
  std::vector<std::string> env{};
  std::string cwd{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups{};
  unsigned umask = 022;
  Capabilities capabilities{};
  bool no_new_privileges = false;
  std::vector<Rlimit> rlimits{};
  std::optional<std::string> oom_score_adj{};  // text for /proc/PID/oom_score_adj
  std::optional<base::kernel::SchedAttr> scheduler{};
  std::optional<int> io_priority{};  // class << 13 | priority
  // execCPUAffinity: before and after the process stands in its cgroup; empty: unchanged.
  std::vector<bool> affinity_before{};
  std::vector<bool> affinity_after{};
  std::optional<unsigned long> personality{};
  std::optional<MemoryPolicy> memory_policy{};
  // What the caller has set of securebits goes, but for locks, which cannot.
  std::optional<unsigned> securebits{};
  std::string apparmor_profile{};  // empty also where AppArmor is absent
  std::string selinux_label{};
  bool terminal = false;
  // compat: runc. What we relay may end in a file, where carriage returns are not wanted.
  bool leave_newlines = false;
  std::optional<TerminalSize> console_size{};
  int preserve_fds = 0;   // descriptors 3 … 2+N stay open
  int listening_fds = 0;  // the first of them, which LISTEN_FDS tells of. man: sd_listen_fds(3)
  std::string keyring{};  // name of a new session keyring; empty: keep the present one

  friend bool operator==(const Process&, const Process&) = default;
};

// What a process that was asked for by `runtime exec` or by the configuration will be. `warnings`
// gets a sentence for each thing that the specification says to warn of: capabilities that are
// unknown or cannot be granted (spec: config.md#linux-process).
base::Result<Process> process(const spec::Process& config, const spec::Linux& linux_config,
                              const Host& host, const Request& request,
                              std::vector<std::string>& warnings);

// "0-3,7" → bits. man: cpuset(7), list format
base::Result<std::vector<bool>> cpu_list(std::string_view text, std::string_view what);

// The capabilities that this build knows, as the specification writes them: "CAP_CHOWN", …
std::vector<std::string> capability_names(std::uint64_t known);

}  // namespace plan
