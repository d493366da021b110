#include "container/exec_process.h"

#include "base/text.h"
#include "fs/files.h"
#include "spec/check.h"
#include "spec/read.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

Status set_user(const std::string& text, spec::User& user) {
  auto colon = text.find(':');
  auto uid = base::parse<std::uint32_t>(std::string_view(text).substr(0, colon));
  auto gid = colon == std::string::npos
                 ? user.gid
                 : base::parse<std::uint32_t>(std::string_view(text).substr(colon + 1));
  if (!uid || !gid)
    return base::usage_error("--user: must be uid or uid:gid, got ", base::quote(text));
  user.uid = *uid;
  user.gid = *gid;
  return {};
}

// compat: runc. An added capability is also ambient where the process would inherit some.
void add_capabilities(const std::vector<std::string>& names, spec::Process& process) {
  if (names.empty()) return;
  auto caps = process.capabilities.value_or(spec::Capabilities());
  for (const auto& name : names) {
    for (auto set : {&caps.bounding, &caps.effective, &caps.permitted}) set->push_back(name);
    if (!caps.inheritable.empty()) caps.ambient.push_back(name);
  }
  process.capabilities = std::move(caps);
}

// The container's own process, changed as the command line wants it.
Result<spec::Process> changed_process(const ExecOptions& options, const spec::Config& config) {
  auto process = config.process.value_or(spec::Process());
  if (process.cwd.empty()) process.cwd = "/";
  process.args = options.args;
  process.terminal = options.terminal;
  if (!options.cwd.empty()) process.cwd = options.cwd;
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  if (!options.user.empty()) TRY(set_user(options.user, process.user));
  auto& gids = process.user.additional_gids;
  gids.insert(gids.end(), options.additional_gids.begin(), options.additional_gids.end());
  add_capabilities(options.capabilities, process);
  if (!options.apparmor.empty()) process.apparmor_profile = options.apparmor;
  if (!options.process_label.empty()) process.selinux_label = options.process_label;
  if (options.no_new_privileges) process.no_new_privileges = *options.no_new_privileges;
  return process;
}

}  // namespace

Result<spec::Process> wanted_process(const ExecOptions& options, const spec::Config& config) {
  spec::Process process;
  if (options.process_file.empty()) {
    process = TRY(changed_process(options, config));
  } else {
    auto text = TRY(fs::read_file(FdRef::cwd(), options.process_file), "--process");
    process = TRY(spec::read_process(text), "--process ", options.process_file);
    if (options.terminal) process.terminal = true;
  }
  TRY(spec::check(process));
  return process;
}

}  // namespace container
