#include "spec/check.h"

#include "spec/rules.h"

namespace spec {

namespace {
using base::cat;
using base::config_error;
using base::quote;
using base::Status;

Status root_is_given(const Config& config, std::string_view) {
  if (!config.root) return config_error("root: is required on Linux, and is missing");
  if (config.root->path.empty()) return config_error("root.path: must not be empty");
  return {};
}

// Relative destinations are deprecated, and allowed.
Status mounts_have_destinations(const Config& config, std::string_view) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i)
    if (config.mounts[i].destination.empty())
      return config_error("mounts[", i, "].destination: must not be empty");
  return {};
}

Status mount_mappings_come_in_pairs(const Config& config, std::string_view) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const auto& mount = config.mounts[i];
    if (mount.uid_mappings.empty() != mount.gid_mappings.empty())
      return config_error("mounts[", i, "]: uidMappings and gidMappings must be given together");
  }
  return {};
}

Status idmapped_mounts_have_a_mapping(const Config& config, std::string_view) {
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    const auto& mount = config.mounts[i];
    if (!mount.uid_mappings.empty() || has(config.linux_, NamespaceType::User)) continue;
    for (const auto& option : mount.options)
      if (option == "idmap" || option == "ridmap")
        return config_error("mounts[", i, "].options: ", quote(option),
                            " needs uidMappings and gidMappings, or a user namespace");
  }
  return {};
}

Status hostname_has_its_namespace(const Config& config, std::string_view) {
  if (config.hostname.empty() || has(config.linux_, NamespaceType::Uts)) return {};
  return config_error("hostname: needs a uts namespace in linux.namespaces, got ",
                      quote(config.hostname));
}

Status domainname_has_its_namespace(const Config& config, std::string_view) {
  if (config.domainname.empty() || has(config.linux_, NamespaceType::Uts)) return {};
  return config_error("domainname: needs a uts namespace in linux.namespaces, got ",
                      quote(config.domainname));
}

Status check_hooks(const std::vector<Hook>& hooks, std::string_view name) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const auto& hook = hooks[i];
    if (!is_absolute(hook.path))
      return config_error("hooks.", name, "[", i, "].path: must be absolute, got ",
                          quote(hook.path));
    if (hook.timeout && *hook.timeout <= 0)
      return config_error("hooks.", name, "[", i, "].timeout: must be greater than zero, got ",
                          *hook.timeout);
  }
  return {};
}

Status hooks_are_runnable(const Config& config, std::string_view) {
  const auto& hooks = config.hooks;
  TRY(check_hooks(hooks.prestart, "prestart"));
  TRY(check_hooks(hooks.create_runtime, "createRuntime"));
  TRY(check_hooks(hooks.create_container, "createContainer"));
  TRY(check_hooks(hooks.start_container, "startContainer"));
  TRY(check_hooks(hooks.poststart, "poststart"));
  return check_hooks(hooks.poststop, "poststop");
}

Status annotations_have_names(const Config& config, std::string_view) {
  for (const auto& [name, text] : config.annotations)
    if (name.empty())
      return config_error("annotations: a name must not be empty; its value is ", quote(text));
  return {};
}

constexpr Rule<Config> kConfigRules[] = {
    {"config.md#root", root_is_given},
    {"config.md#mounts", mounts_have_destinations},
    {"config.md#posix-platform-mounts", mount_mappings_come_in_pairs},
    {"config.md#linux-mount-options", idmapped_mounts_have_a_mapping},
    {"config.md#hostname", hostname_has_its_namespace},
    {"config.md#domainname", domainname_has_its_namespace},
    {"config.md#posix-platform-hooks", hooks_are_runnable},
    {"config.md#annotations", annotations_have_names},
};
}  // namespace

bool is_number_list(std::string_view text) {
  for (auto part : base::split(text, ',')) {
    part = base::trim(part);
    auto dash = part.find('-');
    auto first = base::parse<std::uint32_t>(part.substr(0, dash));
    if (!first) return false;
    if (dash == std::string_view::npos) continue;
    auto last = base::parse<std::uint32_t>(part.substr(dash + 1));
    if (!last || *last < *first) return false;
  }
  return true;
}

Status check(const Config& config) {
  TRY(hold(config, "", kConfigRules));
  // spec: config.md#process: required for `start` only.
  if (config.process) TRY(check_process(*config.process, "process."));
  TRY(check_linux(config.linux_, "linux."));
  return {};
}

Status check(const Process& process) { return check_process(process, ""); }

Status check(const Resources& resources) { return check_resources(resources, ""); }

}  // namespace spec
