#include "engine/without_root.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fs/proc.h"

namespace engine {
namespace {

using base::Status;

bool has_namespace(const spec::Config& config, spec::NamespaceType type) {
  return std::ranges::any_of(config.linux_.namespaces,
                             [&](const auto& one) { return one.type == type; });
}

// A file system that shows a namespace is mounted by the namespace's owner.
struct Shown {
  spec::NamespaceType type;
  std::string_view destination;
  std::string_view file_system;
};
constexpr std::array<Shown, 3> kShown = {
    Shown{spec::NamespaceType::Network, "/sys", "sysfs"},
    Shown{spec::NamespaceType::Pid, "/proc", "proc"},
    Shown{spec::NamespaceType::Ipc, "/dev/mqueue", "mqueue"},
};

void bind_instead(spec::Mount& mount) {
  bool read_only = std::ranges::count(mount.options, "ro") > 0;
  mount.type = "none";
  mount.source = mount.destination;
  mount.options = {"rbind", "nosuid", "noexec", "nodev"};
  if (read_only) mount.options.emplace_back("ro");
}

void fit_mounts(const UserLimits& limits, spec::Config& config) {
  for (auto& mount : config.mounts) {
    if (limits.single_id)
      std::erase_if(mount.options, [](const std::string& option) {
        return (option.starts_with("uid=") && option != "uid=0") ||
               (option.starts_with("gid=") && option != "gid=0");
      });
    for (const auto& shown : kShown)
      if (mount.destination == shown.destination && mount.type == shown.file_system &&
          !has_namespace(config, shown.type))
        bind_instead(mount);
  }
  // It comes with the bind of /sys.
  if (!has_namespace(config, spec::NamespaceType::Network))
    std::erase_if(config.mounts,
                  [](const auto& mount) { return mount.destination == "/sys/fs/cgroup"; });
}

// Nodes of the host are bound, not made: a path of their own in the container is a mount's work.
void bind_renamed_devices(const std::vector<std::string>& wishes, spec::Config& config) {
  for (const auto& wish : wishes) {
    auto parts = base::split(wish, ':');
    if (parts.size() < 2 || !parts[1].starts_with('/') || parts[0] == parts[1]) continue;
    auto place = std::string(parts[1]);
    std::erase_if(config.linux_.devices, [&](const spec::Device& device) {
      return device.path == place || device.path.starts_with(place + "/");
    });
    config.mounts.push_back({.destination = place,
                             .type = "none",
                             .source = std::string(parts[0]),
                             .options = {"rbind", "nosuid", "noexec"}});
  }
}

Status check_ids(spec::User& user) {
  if (user.uid != 0 || user.gid != 0)
    return base::unsupported("user ", user.uid, ":", user.gid,
                             " is not there, since this user has one id only, which is root: "
                             "--user 0, or ids in /etc/subuid and /etc/subgid (package uidmap)");
  // setgroups(2) is denied, and there is nothing that such groups could be.
  user.additional_gids.clear();
  return {};
}

Status check_ports(const UserLimits& limits, const Record& record) {
  for (const auto& port : record.network.ports)
    if (port.host != 0 && port.host < limits.first_port)
      return base::unsupported("--publish ", port.host, ":", port.container,
                               ": without root only ports from ", limits.first_port,
                               " up can be taken (sysctl net.ipv4.ip_unprivileged_port_start)");
  return {};
}

}  // namespace

UserLimits user_limits(const Context& context) {
  UserLimits out{.single_id = context.single_id};
  auto proc = fs::Proc::open();
  if (!proc) return out;
  auto text = proc.value().read("sys/net/ipv4/ip_unprivileged_port_start");
  if (!text) return out;
  out.first_port = base::parse<std::uint16_t>(base::trim(text.value())).value_or(out.first_port);
  return out;
}

Status fit_to_user(const UserLimits& limits, const MakeCommand& command, const Record& record,
                   spec::Config& config) {
  if (!command.namespaces.cgroup_parent.empty() && !record.systemd_cgroup)
    return base::unsupported(
        "--cgroup-parent: without root a container's cgroup is beside that "
        "of the engine");
  if (record.network.mode == NetworkMode::Own && !record.network.networks.empty())
    return base::unsupported("--net ", record.network.networks.front().network,
                             ": networks of bridges need root; without it there are slirp4netns, "
                             "pasta, host, container:NAME and none");
  TRY(check_ports(limits, record));
  if (limits.single_id && config.process) TRY(check_ids(config.process->user));
  if (!record.systemd_cgroup) config.linux_.cgroups_path.clear();
  fit_mounts(limits, config);
  bind_renamed_devices(command.files.devices, config);
  return {};
}

}  // namespace engine
