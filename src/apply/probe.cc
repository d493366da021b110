#include "apply/probe.h"

#include <fcntl.h>

#include "apply/probe_cgroup.h"
#include "apply/seccomp.h"
#include "plan/kernel.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/process.h"

namespace apply {
namespace {

using base::FdRef;
using base::Result;

// The hexadecimal mask behind this name in /proc/self/status.
Result<std::uint64_t> capability_mask(std::string_view status, std::string_view name) {
  for (auto line : base::split(status, '\n')) {
    if (!line.starts_with(name)) continue;
    auto mask = base::parse<std::uint64_t>(base::trim(line.substr(name.size())), 16);
    if (mask) return *mask;
  }
  return base::system_error("/proc/self/status: has no ", name);
}

bool exists(const std::string& path) {
  return static_cast<bool>(sys::fstatat(FdRef::cwd(), path, 0));
}

Result<bool> apparmor_enabled() {
  auto fd = sys::openat(FdRef::cwd(), "/sys/module/apparmor/parameters/enabled", O_RDONLY);
  if (!fd) return false;
  char answer[1] = {};
  auto n = TRY(sys::read(fd.value(), answer));
  return n == 1 && answer[0] == 'Y';
}

}  // namespace

// The first user namespace maps every id to itself.
Result<bool> in_user_namespace(const fs::Proc& proc) {
  auto map = TRY(proc.read("self/uid_map"));
  return base::words(map) != std::vector<std::string_view>{"0", "0", "4294967295"};
}

Result<plan::Host> probe(const fs::Proc& proc) {
  TRY(plan::kernel(sys::kernel_release()));
  plan::Host host;
  host.uid = sys::geteuid();
  host.gid = sys::getegid();
  host.in_user_namespace = TRY(in_user_namespace(proc));
  auto count = sys::capability_count();
  host.known_capabilities = count >= 64 ? ~0ULL : (1ULL << count) - 1;
  // One file instead of a call for each capability.
  auto status = TRY(proc.read("self/status"));
  auto permitted = TRY(capability_mask(status, "CapPrm:"));
  auto bounding = TRY(capability_mask(status, "CapBnd:"));
  host.held_capabilities = permitted & bounding;
  host.securebits = TRY(sys::securebits());
  host.apparmor = TRY(apparmor_enabled());
  host.selinux = exists("/sys/fs/selinux/enforce");
  host.seccomp_flags = seccomp_host().flags;
  host.cgroup = TRY(probe_cgroup());
  return host;
}

}  // namespace apply
