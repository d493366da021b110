#include "spec/example.h"

#include <algorithm>

#include "spec/state.h"

namespace spec {

namespace {
Mount mount(std::string destination, std::string type, std::string source,
            std::vector<std::string> options) {
  Mount out;
  out.destination = std::move(destination);
  out.type = std::move(type);
  out.source = std::move(source);
  out.options = std::move(options);
  return out;
}

Process example_process() {
  Process process;
  process.terminal = true;
  process.args = {"sh"};
  process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  process.cwd = "/";
  process.no_new_privileges = true;
  process.rlimits = {{"RLIMIT_NOFILE", 1024, 1024}};
  auto& capabilities = process.capabilities.emplace();
  capabilities.bounding = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  capabilities.effective = capabilities.bounding;
  capabilities.permitted = capabilities.bounding;
  return process;
}

// spec: config-linux.md#default-filesystems
std::vector<Mount> example_mounts() {
  return {
      mount("/proc", "proc", "proc", {}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}),
  };
}
}  // namespace

Config example_config() {
  Config config;
  config.oci_version = kSpecVersion;
  config.root = Root{"rootfs", true};
  config.process = example_process();
  config.hostname = "coracle";
  config.mounts = example_mounts();
  for (auto type : {NamespaceType::Pid, NamespaceType::Network, NamespaceType::Ipc,
                    NamespaceType::Uts, NamespaceType::Mount, NamespaceType::Cgroup})
    config.linux_.namespaces.push_back({type, {}});
  DeviceRule none;
  none.access = "rwm";
  config.linux_.resources.emplace().devices = {none};
  // What of /proc and /sys would tell of the host, or reach it.
  config.linux_.masked_paths = {"/proc/acpi",          "/proc/asound",
                                "/proc/kcore",         "/proc/keys",
                                "/proc/latency_stats", "/proc/timer_list",
                                "/proc/timer_stats",   "/proc/sched_debug",
                                "/sys/firmware",       "/sys/devices/virtual/powercap",
                                "/proc/scsi"};
  config.linux_.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                  "/proc/sysrq-trigger"};
  return config;
}

Config rootless(Config config, std::uint32_t uid, std::uint32_t gid) {
  auto& namespaces = config.linux_.namespaces;
  std::erase_if(namespaces, [](const Namespace& n) {
    return n.type == NamespaceType::Network || n.type == NamespaceType::User;
  });
  namespaces.push_back({NamespaceType::User, {}});
  config.linux_.uid_mappings = {{0, uid, 1}};
  config.linux_.gid_mappings = {{0, gid, 1}};
  config.linux_.resources.reset();
  for (auto& m : config.mounts) {
    // A group that is not mapped cannot own the terminals.
    std::erase_if(m.options, [](const std::string& option) {
      return option.starts_with("uid=") || option.starts_with("gid=");
    });
    // man: user_namespaces(7): a new sysfs needs the owner of the network namespace.
    if (m.destination == "/sys")
      m = mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"});
  }
  // /sys/fs/cgroup comes with the bind of /sys.
  std::erase_if(config.mounts, [](const Mount& m) { return m.destination == "/sys/fs/cgroup"; });
  return config;
}

}  // namespace spec
