// Config + Host + Request → Plan: everything is decided here, and nothing later.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/cgroup.h"
#include "plan/hooks.h"
#include "plan/host.h"
#include "plan/identity.h"
#include "plan/namespaces.h"
#include "plan/net_devices.h"
#include "plan/process.h"
#include "plan/resctrl.h"
#include "plan/rootfs.h"
#include "plan/seccomp.h"
#include "spec/config.h"

namespace plan {

struct Sysctl {
  std::string file{};  // below /proc/sys: "net/ipv4/ip_forward"
  std::string value{};
  std::string what{};  // "linux.sysctl["net.ipv4.ip_forward"]"
  friend bool operator==(const Sysctl&, const Sysctl&) = default;
};

// One member per subject, in the order of execution.
struct Plan {
  Namespaces namespaces{};
  IdentityMaps identity{};
  CgroupPlan cgroup{};
  std::optional<ResctrlPlan> resctrl{};
  bool loopback_up = false;
  std::vector<NetDevice> net_devices{};
  std::string hostname{};
  std::string domainname{};
  RootfsPlan rootfs{};
  std::vector<Sysctl> sysctls{};
  Hooks hooks{};
  // Absent: create works, start does not (spec: config.md#process).
  std::optional<Process> process{};
  std::optional<SeccompPlan> seccomp{};
  std::vector<std::string> warnings{};
};

base::Result<Plan> make(const spec::Config& config, const Host& host, const Request& request);

// What `runtime exec` adds to a container that runs: the process and the filter alone.
struct ExecPlan {
  Process process{};
  std::optional<SeccompPlan> seccomp{};
  std::vector<std::string> warnings{};
};
base::Result<ExecPlan> make_exec(const spec::Process& process, const spec::Linux& linux_config,
                                 const Host& host, const Request& request);

}  // namespace plan
