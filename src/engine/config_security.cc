#include <sys/utsname.h>

#include <algorithm>

#include "base/text.h"
#include "engine/capabilities.h"
#include "engine/config_parts.h"
#include "engine/seccomp_profile.h"
#include "fs/files.h"
#include "fs/root.h"
#include "spec/default_seccomp.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// How the filter comes about.
struct Filter {
  bool none = false;
  std::string file{};  // empty: the usual one
};

struct Option {
  std::string name{};
  std::string value{};
  bool has_value = false;
};

// compat: docker takes "=" and, of old, ":"
Option split_option(const std::string& text) {
  auto at = text.find_first_of("=:");
  if (at == std::string::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

Result<std::vector<std::string>> paths(const std::string& list) {
  std::vector<std::string> out;
  for (auto path : base::split(list, ':')) {
    if (!path.starts_with('/'))
      return base::usage_error("must be absolute paths with \":\" between them, got ",
                               base::quote(path));
    out.push_back("/" + fs::clean(path));
  }
  return out;
}

// compat: podman's mask= and unmask=
Status unmask(const std::string& list, spec::Linux& linux_section) {
  if (list == "ALL" || list == "all") {
    linux_section.masked_paths.clear();
    linux_section.readonly_paths.clear();
    return {};
  }
  for (const auto& path : TRY(paths(list))) {
    std::erase(linux_section.masked_paths, path);
    std::erase(linux_section.readonly_paths, path);
  }
  return {};
}

Status set_label(const std::string& value, spec::Process& process) {
  // Without SELinux nothing is labelled anyway.
  if (value == "disable") {
    process.selinux_label.clear();
    return {};
  }
  return base::unsupported("label=", value, " is not supported; label=disable is");
}

Status set_one(const std::string& text, spec::Config& config, Filter& filter) {
  auto [name, value, has_value] = split_option(text);
  auto& process = *config.process;
  auto& linux_section = config.linux_;
  if (name == "no-new-privileges") {
    if (has_value && value != "true" && value != "false")
      return base::usage_error(name, ": must be true or false, got ", base::quote(value));
    process.no_new_privileges = value != "false";
    return {};
  }
  if (value.empty()) return base::usage_error("must be NAME=VALUE, got ", base::quote(text));
  if (name == "seccomp") {
    filter.none = value == "unconfined";
    filter.file = filter.none || value == "builtin" ? std::string() : value;
  } else if (name == "apparmor") {
    process.apparmor_profile = value == "unconfined" ? std::string() : value;
  } else if (name == "label") {
    return set_label(value, process);
  } else if (name == "systempaths") {
    if (value != "unconfined")
      return base::usage_error("systempaths: must be unconfined, got ", base::quote(value));
    return unmask("ALL", linux_section);
  } else if (name == "mask") {
    for (auto& path : TRY(paths(value))) linux_section.masked_paths.push_back(std::move(path));
  } else if (name == "unmask") {
    return unmask(value, linux_section);
  } else {
    return base::usage_error("no option is called ", base::quote(name));
  }
  return {};
}

ProfileHost host_of(const spec::Process& process) {
  struct utsname names {};
  ::uname(&names);
  return {.architecture = names.machine,
          .kernel = names.release,
          .capabilities = process.capabilities->bounding};
}

Status set_filter(const Filter& filter, spec::Config& config) {
  auto& seccomp = config.linux_.seccomp;
  seccomp.reset();
  if (filter.none) return {};
  const auto& process = *config.process;
  if (filter.file.empty()) {
    seccomp = spec::default_seccomp(process.capabilities->bounding);
    return {};
  }
  auto text = TRY(fs::read_file(FdRef::cwd(), filter.file), "--security-opt seccomp");
  seccomp = TRY(read_profile(text, host_of(process)), "--security-opt seccomp=", filter.file);
  return {};
}

Status set_capabilities(const ProcessWishes& wishes, spec::Process& process) {
  auto& sets = *process.capabilities;
  auto usual = wishes.privileged ? all_capabilities() : sets.bounding;
  auto chosen = TRY(chosen_capabilities(usual, wishes.cap_add, wishes.cap_drop));
  sets.bounding = chosen;
  // compat: docker: another user than root gets them where a program has them
  if (process.user.uid != 0) return {};
  sets.effective = chosen;
  sets.permitted = chosen;
  return {};
}

// Nothing is hidden, and the kernel's file systems can be written.
void open_all(spec::Config& config) {
  config.linux_.masked_paths.clear();
  config.linux_.readonly_paths.clear();
  for (auto& mount : config.mounts)
    if (mount.type == "sysfs" || mount.type == "cgroup") std::erase(mount.options, "ro");
}

}  // namespace

Status configure_security(const ProcessWishes& wishes, spec::Config& config) {
  TRY(set_capabilities(wishes, *config.process));
  Filter filter{.none = wishes.privileged};
  if (wishes.privileged) open_all(config);
  for (const auto& text : wishes.security) TRY(set_one(text, config, filter), "--security-opt");
  return set_filter(filter, config);
}

}  // namespace engine
