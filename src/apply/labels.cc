#include "apply/labels.h"

#include <fcntl.h>

#include <cerrno>

#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace apply {
namespace {

using base::cat;
using base::quote;
using base::Status;

// As the kernel makes it, with USR_SEARCH, by which exec finds it. man: keyctl_setperm(3)
constexpr std::uint32_t kFoundByName = 0x3f1b0000;
constexpr std::string_view kMountLabel = "linux.mountLabel";

// The kernel's "Invalid argument", in words.
Status unless_unknown(Status done, std::string_view member, const std::string& label) {
  if (!done && done.error().code() == EINVAL)
    return base::Error(base::Kind::Config, EINVAL,
                       cat(member, ": SELinux's policy here has no such label: ", quote(label)));
  TRY(std::move(done), member);
  return {};
}

Status confine(const std::string& profile, const fs::Proc& proc) {
  // Not attr/exec, which is SELinux's where both modules are there. Linux 5.8
  auto written = proc.write("self/attr/apparmor/exec", cat("exec ", profile));
  if (!written && written.error().code() == ENOENT)
    return base::Error(
        base::Kind::Config, ENOENT,
        cat("process.apparmorProfile: AppArmor has no profile ", quote(profile), " loaded"));
  if (!written && (written.error().code() == EACCES || written.error().code() == EPERM))
    return std::move(written).error().in(
        cat("process.apparmorProfile: what confines the runtime forbids the change to ",
            quote(profile)));
  TRY(std::move(written), "process.apparmorProfile");
  // Of a name such as ":" the kernel makes "unconfined".
  constexpr std::string_view kUnconfined = "unconfined";
  auto taken = TRY(proc.read("self/attr/apparmor/exec"), "process.apparmorProfile");
  if (base::trim(taken) == kUnconfined && !profile.ends_with(kUnconfined))
    return base::config_error("process.apparmorProfile: AppArmor takes ", quote(profile),
                              " for no profile at all");
  return {};
}

}  // namespace

Status label_next_exec(const plan::Process& plan, const fs::Proc& proc) {
  if (!plan.apparmor_profile.empty()) TRY(confine(plan.apparmor_profile, proc));
  if (plan.selinux_label.empty()) return {};
  return unless_unknown(proc.write("self/attr/exec", plan.selinux_label), "process.selinuxLabel",
                        plan.selinux_label);
}

Status join_keyring(const plan::Process& plan, const fs::Proc& proc) {
  constexpr auto kKeys = "self/attr/keycreate";
  const auto& label = plan.selinux_label;
  if (!label.empty()) TRY(unless_unknown(proc.write(kKeys, label), "process.selinuxLabel", label));
  auto joined = sys::join_session_keyring(plan.keyring);
  // Whoever is refused this has a keyring without it; exec then makes one of its own.
  if (joined) (void)sys::set_key_permissions(joined.value(), kFoundByName);
  // An empty line: the policy's label again, for what the process makes itself.
  if (!label.empty()) TRY(proc.write(kKeys, "\n"), "process.selinuxLabel");
  // There is nothing to leak, either.
  if (!joined && joined.error().code() != ENOSYS && joined.error().code() != EPERM &&
      joined.error().code() != EDQUOT)
    return std::move(joined).error();
  return {};
}

base::Error explained(base::Error error, const plan::Process& plan) {
  bool refused = error.code() == EPERM || error.code() == EACCES;
  // The program's own mode was looked at before.
  std::string why;
  if (refused && !plan.selinux_label.empty())
    why = cat("does SELinux's policy let ", quote(plan.selinux_label), " begin with this program",
              plan.no_new_privileges ? ", under no_new_privs?" : "?");
  else if (error.code() == EPERM && !plan.apparmor_profile.empty() && plan.no_new_privileges)
    why = "with no_new_privs, what confines the runtime can be left for less rights only";
  if (why.empty()) return error;
  auto member = plan.selinux_label.empty()
                    ? cat("process.apparmorProfile ", quote(plan.apparmor_profile))
                    : std::string("process.selinuxLabel");
  return base::Error(error.kind(), error.code(), cat(error.text(), " (", member, ": ", why, ")"));
}

Status give_label(base::FdRef context, const std::string& label) {
  return unless_unknown(sys::fsconfig_string(context, "context", label), kMountLabel, label);
}

Status label_root(base::FdRef mount, const std::string& label) {
  auto root = TRY(sys::openat(mount, ".", O_RDONLY | O_DIRECTORY), kMountLabel);
  // With the final zero, as setfilecon(3) writes it.
  auto value = std::string_view(label.c_str(), label.size() + 1);
  return unless_unknown(sys::fsetxattr(root, "security.selinux", value), kMountLabel, label);
}

}  // namespace apply
