#include "plan/make.h"

#include <linux/sched.h>

#include <algorithm>

#include "plan/cgroup_owner.h"
#include "spec/check.h"

namespace plan {
namespace {

using base::Result;

// spec: config-linux.md#sysctl
std::vector<Sysctl> sysctls(const std::vector<std::pair<std::string, std::string>>& config) {
  std::vector<Sysctl> out;
  for (const auto& [key, value] : config) {
    Sysctl sysctl;
    sysctl.file = spec::sysctl_file(key);
    sysctl.value = value;
    sysctl.what = base::cat("linux.sysctl[", base::quote(key), "]");
    out.push_back(std::move(sysctl));
  }
  return out;
}

Result<std::optional<SeccompPlan>> filter(const spec::Linux& config, bool no_new_privileges,
                                          const Host& host, const Request& request,
                                          std::vector<std::string>& warnings) {
  if (!config.seccomp) return std::optional<SeccompPlan>();
  SeccompHost kernel;
  kernel.flags = host.seccomp_flags;
  auto plan = TRY(seccomp(*config.seccomp, no_new_privileges, kernel));
  // Every usual profile names system calls of other kernels and architectures.
  if (request.debug) warnings.insert(warnings.end(), plan.warnings.begin(), plan.warnings.end());
  return std::optional<SeccompPlan>(std::move(plan));
}

// Where the container's groups can be seen. Those that may not come to be cannot: a mount of
// cgroups shows the caller's own then.
std::vector<CgroupDir> cgroup_dirs(const CgroupPlan& plan) {
  std::vector<CgroupDir> out;
  if (plan.best_effort) return out;
  for (const auto& directory : plan.directories) {
    CgroupDir dir;
    dir.mount = directory.mount;
    dir.group = directory.path;
    out.push_back(std::move(dir));
  }
  return out;
}

// What cannot be applied here, and is no reason not to start.
void warn_of_no_effect(const spec::Config& config, const Host& host,
                       std::vector<std::string>& warnings) {
  if (!host.selinux && !config.linux_.mount_label.empty())
    warnings.emplace_back("linux.mountLabel: SELinux is not enabled here, so it is not applied");
  bool user_namespace = host.in_user_namespace || !config.linux_.uid_mappings.empty();
  auto queues = [](const spec::Mount& mount) { return mount.type == "mqueue"; };
  if (host.selinux && !config.linux_.mount_label.empty() && user_namespace &&
      std::any_of(config.mounts.begin(), config.mounts.end(), queues))
    warnings.emplace_back(
        "linux.mountLabel: a mqueue of a user namespace keeps the label of SELinux's policy");
  // spec: config-linux.md#memory: not recommended. compat: runc warns, too
  if (config.linux_.resources && config.linux_.resources->memory &&
      config.linux_.resources->memory->kernel.value_or(0) > 0)
    warnings.emplace_back(
        "linux.resources.memory.kernel: Linux has no limit of kernel memory alone since 5.16, so "
        "it "
        "has no effect");
}

// The first process of a new user namespace holds every capability, whatever the runtime holds, and
// has the usual securebits.
Host host_of_container(const Host& host, bool user_namespace) {
  auto out = host;
  if (!user_namespace) return out;
  out.held_capabilities = out.known_capabilities;
  out.securebits = 0;
  return out;
}

}  // namespace

Result<Plan> make(const spec::Config& config, const Host& host, const Request& request) {
  Plan out;
  out.namespaces = TRY(namespaces(config.linux_, host));
  out.identity = TRY(identity_maps(config.linux_, out.namespaces, host));
  out.cgroup = TRY(cgroup(config.linux_, host, request, config.annotations));
  out.cgroup.owner = cgroup_owner(config, out.namespaces, host);
  out.resctrl = TRY(resctrl(config.linux_, host, request));
  out.loopback_up = out.namespaces.creates(CLONE_NEWNET);
  out.net_devices = TRY(net_devices(config.linux_, out.namespaces, host));
  out.hostname = config.hostname;
  out.domainname = config.domainname;
  out.rootfs = TRY(rootfs(config, host, request, cgroup_dirs(out.cgroup)));
  warn_of_no_effect(config, host, out.warnings);
  out.sysctls = sysctls(config.linux_.sysctl);
  out.hooks = hooks(config.hooks, request.bundle);
  if (!config.process) return out;
  auto inside = host_of_container(host, out.namespaces.has(CLONE_NEWUSER));
  out.process = TRY(process(*config.process, config.linux_, inside, request, out.warnings));
  out.seccomp =
      TRY(filter(config.linux_, config.process->no_new_privileges, host, request, out.warnings));
  return out;
}

Result<ExecPlan> make_exec(const spec::Process& wanted, const spec::Linux& linux_config,
                           const Host& host, const Request& request) {
  ExecPlan out;
  auto user_namespace =
      std::any_of(linux_config.namespaces.begin(), linux_config.namespaces.end(),
                  [](const spec::Namespace& n) { return n.type == spec::NamespaceType::User; });
  auto inside = host_of_container(host, user_namespace);
  out.process = TRY(process(wanted, linux_config, inside, request, out.warnings));
  out.seccomp = TRY(filter(linux_config, wanted.no_new_privileges, host, request, out.warnings));
  return out;
}

}  // namespace plan
