#include <algorithm>

#include "base/text.h"
#include "engine/config_parts.h"
#include "fs/files.h"
#include "fs/root.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;
using spec::NamespaceType;

constexpr std::string_view kContainer = "container:";

void take_away(spec::Config& config, NamespaceType type) {
  std::erase_if(config.linux_.namespaces, [&](const auto& one) { return one.type == type; });
}

Status join(const Context& context, const std::string& type, const std::string& name,
            Record& record) {
  auto other = TRY(Containers(context).find(name));
  if (other.record.id == record.id) return base::usage_error("a container cannot join itself");
  record.joins.push_back({type, other.record.id});
  return {};
}

spec::Mount host_mount(const std::string& path) {
  spec::Mount out;
  out.destination = path;
  out.type = "bind";
  out.source = path;
  out.options = {"rbind", "rprivate", "nosuid", "noexec", "nodev"};
  return out;
}

Status set_pid(const Context& context, const std::string& wish, Record& record,
               spec::Config& config) {
  if (wish.empty() || wish == "private") return {};
  if (wish == "host") {
    take_away(config, NamespaceType::Pid);
    return {};
  }
  if (wish.starts_with(kContainer))
    return join(context, "pid", wish.substr(kContainer.size()), record);
  return base::usage_error("must be private, host or container:NAME, got ", base::quote(wish));
}

Status set_ipc(const Context& context, const std::string& wish, Record& record,
               spec::Config& config) {
  // Every one can be joined: nothing of it is left to share or to hide.
  if (wish.empty() || wish == "private" || wish == "shareable") return {};
  auto& mounts = config.mounts;
  if (wish == "none") {
    std::erase_if(mounts, [](const auto& mount) { return mount.destination == "/dev/shm"; });
    return {};
  }
  if (wish == "host") {
    take_away(config, NamespaceType::Ipc);
    // /dev/mqueue is that of the namespace in any case.
    for (auto& mount : mounts)
      if (mount.destination == "/dev/shm") mount = host_mount(mount.destination);
    return {};
  }
  if (wish.starts_with(kContainer))
    return join(context, "ipc", wish.substr(kContainer.size()), record);
  return base::usage_error("must be private, shareable, none, host or container:NAME, got ",
                           base::quote(wish));
}

// Whether the namespace is to be the host's, where nothing else can be said.
Result<bool> is_host(const std::string& wish, bool may_be_private = true) {
  if (wish == "host") return true;
  if (wish.empty() || (may_be_private && wish == "private")) return false;
  return base::usage_error("must be ", may_be_private ? "private or host" : "host", ", got ",
                           base::quote(wish));
}

Result<std::string> host_name() {
  auto text = TRY(fs::read_file(FdRef::cwd(), "/proc/sys/kernel/hostname"));
  return std::string(base::trim(text));
}

Status set_names(const NamespaceWishes& wishes, const Record& record, spec::Config& config) {
  bool host_names = TRY(is_host(wishes.uts), "--uts");
  config.domainname = wishes.domainname;
  if (host_names) {
    if (!wishes.hostname.empty() || !wishes.domainname.empty())
      return base::usage_error("--uts=host: the names are the host's, and cannot be set");
    take_away(config, NamespaceType::Uts);
    config.hostname.clear();
    return {};
  }
  // compat: docker: in the host's network it is called like the host
  if (record.network.mode == NetworkMode::Host && wishes.hostname.empty())
    config.hostname = TRY(host_name());
  return {};
}

Status set_sysctls(const Words& sysctls, spec::Config& config) {
  for (const auto& text : sysctls) {
    auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      return base::usage_error("must be NAME=VALUE, got ", base::quote(text));
    auto name = text.substr(0, equals);
    auto& all = config.linux_.sysctl;
    std::erase_if(all, [&](const auto& known) { return known.first == name; });
    all.emplace_back(name, text.substr(equals + 1));
  }
  return {};
}

// spec: config-linux.md#cgroups-path; with systemd slice:prefix:name, as everywhere
Result<std::string> cgroups_path(const std::string& parent, const Record& record) {
  if (record.systemd_cgroup) {
    if (!parent.empty() && !parent.ends_with(".slice"))
      return base::usage_error("must be a slice, such as my.slice, since systemd makes cgroups ",
                               "here, got ", base::quote(parent));
    return base::cat(parent, ":coracle:", record.id);
  }
  auto clean = fs::clean(parent);
  return base::cat(clean.empty() ? "" : "/", clean, "/coracle-", record.id);
}

}  // namespace

Status configure_namespaces(const Context& context, const NamespaceWishes& wishes, Record& record,
                            spec::Config& config) {
  if (record.network.mode == NetworkMode::Host) take_away(config, NamespaceType::Network);
  TRY(set_pid(context, wishes.pid, record, config), "--pid");
  TRY(set_ipc(context, wishes.ipc, record, config), "--ipc");
  bool host_cgroups = TRY(is_host(wishes.cgroup), "--cgroupns");
  if (host_cgroups) take_away(config, NamespaceType::Cgroup);
  // There is no other yet: a container's users are the host's.
  (void)TRY(is_host(wishes.userns, false), "--userns");
  TRY(set_names(wishes, record, config));
  TRY(set_sysctls(wishes.sysctls, config), "--sysctl");
  record.systemd_cgroup = context.systemd_cgroup;
  config.linux_.cgroups_path = TRY(cgroups_path(wishes.cgroup_parent, record), "--cgroup-parent");
  return {};
}

}  // namespace engine
