#include <limits>

#include "spec/check.h"
#include "spec/rules.h"
#include "spec/words.h"

namespace spec {

namespace {
using base::cat;
using base::config_error;
using base::quote;
using base::Status;

Status namespaces_are_sound(const Linux& platform, std::string_view at) {
  const auto& all = platform.namespaces;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t before = 0; before < i; ++before)
      if (all[before].type == all[i].type)
        return config_error(at, "namespaces[", i,
                            "].type: ", quote(base::word_of(kNamespaceTypes, all[i].type)),
                            " is given twice");
    if (!all[i].path.empty() && !is_absolute(all[i].path))
      return config_error(at, "namespaces[", i, "].path: must be absolute, got ",
                          quote(all[i].path));
  }
  return {};
}

Status check_mapping(const std::vector<IdMapping>& mappings, std::string path) {
  constexpr std::uint64_t end = std::numeric_limits<std::uint32_t>::max();
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const auto& m = mappings[i];
    if (m.size == 0) return config_error(path, "[", i, "].size: must be greater than zero");
    if (std::uint64_t{m.container_id} + m.size > end || std::uint64_t{m.host_id} + m.size > end)
      return config_error(path, "[", i, "]: must end below ", end);
  }
  return {};
}

// A joined namespace has its mappings already; containerd and CRI-O name them nevertheless. A new
// one without mappings is the planner's matter.
Status mappings_have_their_namespace(const Linux& platform, std::string_view at) {
  bool any = !platform.uid_mappings.empty() || !platform.gid_mappings.empty();
  if (any && !has(platform, NamespaceType::User))
    return config_error(at, platform.uid_mappings.empty() ? "gidMappings" : "uidMappings",
                        ": needs a user namespace in linux.namespaces");
  if (platform.uid_mappings.empty() != platform.gid_mappings.empty())
    return config_error(at, platform.uid_mappings.empty() ? "gidMappings" : "uidMappings",
                        ": uidMappings and gidMappings must be given together");
  TRY(check_mapping(platform.uid_mappings, cat(at, "uidMappings")));
  return check_mapping(platform.gid_mappings, cat(at, "gidMappings"));
}

Status time_offsets_have_their_namespace(const Linux& platform, std::string_view at) {
  if (!platform.boottime && !platform.monotonic) return {};
  if (!makes(platform, NamespaceType::Time))
    return config_error(at, "timeOffsets: needs a new time namespace in linux.namespaces");
  // man: time_namespaces(7)
  constexpr std::uint32_t second = 1'000'000'000;
  if (platform.boottime && platform.boottime->nanosecs >= second)
    return config_error(at, "timeOffsets.boottime.nanosecs: must be below ", second, ", got ",
                        platform.boottime->nanosecs);
  if (platform.monotonic && platform.monotonic->nanosecs >= second)
    return config_error(at, "timeOffsets.monotonic.nanosecs: must be below ", second, ", got ",
                        platform.monotonic->nanosecs);
  return {};
}

Status devices_have_whole_paths(const Linux& platform, std::string_view at) {
  for (std::size_t i = 0; i < platform.devices.size(); ++i) {
    const auto& device = platform.devices[i];
    if (!is_absolute(device.path))
      return config_error(at, "devices[", i, "].path: must be absolute, got ", quote(device.path));
    if (device.type != "p" && (device.major < 0 || device.minor < 0))
      return config_error(at, "devices[", i, "]: major and minor must not be negative, got ",
                          device.major, ":", device.minor);
  }
  return {};
}

// man: netdevice(7): IFNAMSIZ is 16, the final NUL included
bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
         name.find_first_of("/: \t\n") == std::string_view::npos;
}

Status network_devices_can_move(const Linux& platform, std::string_view at) {
  if (platform.net_devices.empty()) return {};
  if (!has(platform, NamespaceType::Network))
    return config_error(at, "netDevices: needs a network namespace in linux.namespaces");
  for (const auto& device : platform.net_devices) {
    if (!is_interface_name(device.host_name))
      return config_error(at, "netDevices: must be named like network devices, got ",
                          quote(device.host_name));
    if (!device.name.empty() && !is_interface_name(device.name))
      return config_error(at, "netDevices.", device.host_name,
                          ".name: must be a name for a network device, got ", quote(device.name));
  }
  return {};
}

// A name that leads elsewhere than it says would pass for what it begins with.
bool is_plain(std::string_view file) {
  auto parts = base::split(file, '/');
  return std::ranges::none_of(
      parts, [](auto part) { return part.empty() || part == "." || part == ".."; });
}

// What of the kernel's parameters belongs to a namespace; all others are the whole machine's.
// man: sysctl(8), namespaces(7), ipc_namespaces(7)
std::optional<NamespaceType> owner_of_sysctl(std::string_view file) {
  constexpr std::string_view kIpc[] = {
      "kernel/msgmax",      "kernel/msgmnb",      "kernel/msgmni",      "kernel/sem",
      "kernel/shmall",      "kernel/shmmax",      "kernel/shmmni",      "kernel/shm_rmid_forced",
      "kernel/msg_next_id", "kernel/sem_next_id", "kernel/shm_next_id", "kernel/auto_msgmni",
  };
  if (std::find(std::begin(kIpc), std::end(kIpc), file) != std::end(kIpc))
    return NamespaceType::Ipc;
  if (file.starts_with("fs/mqueue/")) return NamespaceType::Ipc;
  if (file.starts_with("net/")) return NamespaceType::Network;
  if (file == "kernel/domainname") return NamespaceType::Uts;
  if (file.starts_with("user/")) return NamespaceType::User;
  return std::nullopt;
}

Status sysctls_belong_to_the_container(const Linux& platform, std::string_view at) {
  for (const auto& [name, text] : platform.sysctl) {
    auto file = sysctl_file(name);
    if (!is_plain(file))
      return config_error(at, "sysctl: ", quote(name), " is no parameter's name");
    if (file == "kernel/hostname")
      return config_error(at, "sysctl: must not set ", quote(name), "; say hostname instead");
    auto owner = owner_of_sysctl(file);
    if (!owner)
      return config_error(at, "sysctl: must not set ", quote(name),
                          ", which is no parameter of a namespace but of the whole machine");
    if (!has(platform, *owner))
      return config_error(at, "sysctl: ", quote(name), " needs a namespace of type ",
                          base::word_of(kNamespaceTypes, *owner), " in linux.namespaces");
  }
  return {};
}

Status check_absolute(const std::vector<std::string>& paths, std::string_view at,
                      std::string_view name) {
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (!is_absolute(paths[i]))
      return config_error(at, name, "[", i, "]: must be absolute, got ", quote(paths[i]));
  return {};
}

Status masked_paths_are_absolute(const Linux& platform, std::string_view at) {
  return check_absolute(platform.masked_paths, at, "maskedPaths");
}

Status readonly_paths_are_absolute(const Linux& platform, std::string_view at) {
  return check_absolute(platform.readonly_paths, at, "readonlyPaths");
}

Status rdt_class_is_one_directory(const Linux& platform, std::string_view at) {
  if (!platform.intel_rdt) return {};
  const auto& rdt = *platform.intel_rdt;
  bool nested = rdt.clos_id != "/" && rdt.clos_id.find('/') != std::string::npos;
  if (nested || rdt.clos_id == "." || rdt.clos_id == "..")
    return config_error(at, "intelRdt.closID: must be \"/\" or the name of one directory, got ",
                        quote(rdt.clos_id));
  if (!rdt.mem_bw_schema.empty() && !rdt.mem_bw_schema.starts_with("MB:"))
    return config_error(at, "intelRdt.memBwSchema: must start with MB:, got ",
                        quote(rdt.mem_bw_schema));
  for (const auto* line : {&rdt.mem_bw_schema, &rdt.l3_cache_schema})
    if (line->find('\n') != std::string::npos)
      return config_error(at, "intelRdt: a schema must be one line, got ", quote(*line));
  for (std::size_t i = 0; i < rdt.schemata.size(); ++i)
    if (rdt.schemata[i].find('\n') != std::string::npos)
      return config_error(at, "intelRdt.schemata[", i, "]: must be one line, got ",
                          quote(rdt.schemata[i]));
  return {};
}

// man: set_mempolicy(2)
Status memory_policy_is_coherent(const Linux& platform, std::string_view at) {
  if (!platform.memory_policy) return {};
  const auto& policy = *platform.memory_policy;
  if (!is_number_list(policy.nodes))
    return config_error(at, "memoryPolicy.nodes: must be a list such as 0-3,7, got ",
                        quote(policy.nodes));
  bool none = policy.mode == "MPOL_DEFAULT" || policy.mode == "MPOL_LOCAL";
  if (none && !policy.nodes.empty())
    return config_error(at, "memoryPolicy.nodes: must be empty for ", policy.mode, ", got ",
                        quote(policy.nodes));
  if (!none && policy.nodes.empty() && policy.mode != "MPOL_PREFERRED")
    return config_error(at, "memoryPolicy.nodes: must not be empty for ", policy.mode);
  auto flagged = [&](std::string_view flag) {
    return std::find(policy.flags.begin(), policy.flags.end(), flag) != policy.flags.end();
  };
  if (flagged("MPOL_F_STATIC_NODES") && flagged("MPOL_F_RELATIVE_NODES"))
    return config_error(at, "memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES ",
                        "exclude each other");
  return {};
}

Status personality_is_supported(const Linux& platform, std::string_view at) {
  if (!platform.personality || platform.personality->flags.empty()) return {};
  return base::unsupported(at, "personality.flags: no flag is supported, got ",
                           quote(platform.personality->flags.front()));
}

constexpr Rule<Linux> kLinuxRules[] = {
    {"config-linux.md#namespaces", namespaces_are_sound},
    {"config-linux.md#user-namespace-mappings", mappings_have_their_namespace},
    {"config-linux.md#offset-for-time-namespace", time_offsets_have_their_namespace},
    {"config-linux.md#devices", devices_have_whole_paths},
    {"config-linux.md#network-devices", network_devices_can_move},
    {"config-linux.md#sysctl", sysctls_belong_to_the_container},
    {"config-linux.md#masked-paths", masked_paths_are_absolute},
    {"config-linux.md#readonly-paths", readonly_paths_are_absolute},
    {"config-linux.md#intelrdt", rdt_class_is_one_directory},
    {"config-linux.md#memory-policy", memory_policy_is_coherent},
    {"config-linux.md#personality", personality_is_supported},
};
}  // namespace

std::string sysctl_file(std::string_view name) {
  std::string out(name);
  auto first = out.find_first_of("./");
  if (first == std::string::npos || out[first] == '/') return out;
  for (auto& c : out) {
    if (c == '/')
      c = '.';
    else if (c == '.')
      c = '/';
  }
  return out;
}

Status check_linux(const Linux& platform, std::string_view at) {
  TRY(hold(platform, at, kLinuxRules));
  if (platform.resources) TRY(check_resources(*platform.resources, cat(at, "resources.")));
  if (platform.seccomp) TRY(check_seccomp(*platform.seccomp, cat(at, "seccomp.")));
  return {};
}

}  // namespace spec
