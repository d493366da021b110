#include "spec/rules.h"

namespace spec {

namespace {
using base::config_error;
using base::quote;
using base::Status;

bool returns_a_number(SeccompAction action) {
  return action == SeccompAction::Errno || action == SeccompAction::Trace;
}

// man: seccomp(2), SECCOMP_RET_ERRNO and _TRACE: 16 bits of data; the kernel caps errno at 4095.
Status check_number(std::optional<std::uint32_t> number, SeccompAction action, std::string path) {
  if (!number) return {};
  if (!returns_a_number(action))
    return config_error(path, ": the action has no number to return, got ", *number);
  std::uint32_t most = action == SeccompAction::Errno ? 4095 : 65535;
  if (*number > most) return config_error(path, ": must be at most ", most, ", got ", *number);
  return {};
}

Status numbers_fit_their_actions(const Seccomp& seccomp, std::string_view at) {
  TRY(check_number(seccomp.default_errno_ret, seccomp.default_action,
                   base::cat(at, "defaultErrnoRet")));
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const auto& rule = seccomp.syscalls[i];
    TRY(check_number(rule.errno_ret, rule.action, base::cat(at, "syscalls[", i, "].errnoRet")));
  }
  return {};
}

Status rules_name_calls(const Seccomp& seccomp, std::string_view at) {
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const auto& names = seccomp.syscalls[i].names;
    if (names.empty())
      return config_error(at, "syscalls[", i, "].names: must have at least one entry");
    if (std::find(names.begin(), names.end(), std::string()) != names.end())
      return config_error(at, "syscalls[", i, "].names: a name must not be empty");
  }
  return {};
}

// man: seccomp(2): struct seccomp_data has six arguments
Status arguments_exist(const Seccomp& seccomp, std::string_view at) {
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const auto& args = seccomp.syscalls[i].args;
    for (std::size_t k = 0; k < args.size(); ++k)
      if (args[k].index > 5)
        return config_error(at, "syscalls[", i, "].args[", k, "].index: must be from 0 to 5, got ",
                            args[k].index);
  }
  return {};
}

// The agent can answer only what does not stop the answering: the default action would hold up
// the runtime's own last calls, and `write` its report of a failure.
Status notifications_can_be_answered(const Seccomp& seccomp, std::string_view at) {
  if (seccomp.default_action == SeccompAction::Notify)
    return config_error(at, "defaultAction: must not be SCMP_ACT_NOTIFY");
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const auto& rule = seccomp.syscalls[i];
    if (rule.action != SeccompAction::Notify) continue;
    if (seccomp.listener_path.empty())
      return config_error(at, "listenerPath: is required, for syscalls[", i,
                          "].action is SCMP_ACT_NOTIFY");
    if (std::find(rule.names.begin(), rule.names.end(), "write") != rule.names.end())
      return config_error(at, "syscalls[", i,
                          "].names: \"write\" must not have the action SCMP_ACT_NOTIFY");
  }
  return {};
}

Status listener_is_reachable(const Seccomp& seccomp, std::string_view at) {
  if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty())
    return config_error(at, "listenerMetadata: must not be set without listenerPath, got ",
                        quote(seccomp.listener_metadata));
  if (!seccomp.listener_path.empty() && !is_absolute(seccomp.listener_path))
    return config_error(at, "listenerPath: must be absolute, got ", quote(seccomp.listener_path));
  return {};
}

constexpr Rule<Seccomp> kSeccompRules[] = {
    {"config-linux.md#seccomp", numbers_fit_their_actions},
    {"config-linux.md#seccomp", rules_name_calls},
    {"config-linux.md#seccomp", arguments_exist},
    {"config-linux.md#seccomp", notifications_can_be_answered},
    {"config-linux.md#seccomp", listener_is_reachable},
};
}  // namespace

Status check_seccomp(const Seccomp& seccomp, std::string_view at) {
  return hold(seccomp, at, kSeccompRules);
}

}  // namespace spec
