// What AppArmor and SELinux are told of a container's process, keys and file systems.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "fs/proc.h"
#include "plan/process.h"

namespace apply {

// By the process itself: what its next execve makes of it. The process goes on unconfined until
// then. A profile or label that the kernel does not know is an error now.
// spec: config.md#linux-process (apparmorProfile, selinuxLabel). man: apparmor(7), selinux(8)
// cve: 2019-16884, 2025-52881 (`proc` is verified, and nothing mounted over an entry is written to)
base::Status label_next_exec(const plan::Process& plan, const fs::Proc& proc);

// What execve was refused, with what a profile or label may have to do with it.
base::Error explained(base::Error error, const plan::Process& plan);

// By the process itself: the session keyring of the planned name, made by the first one with the
// label that the process will have, and found by those that exec adds. A kernel or an outer filter
// without keyrings is no error.
base::Status join_keyring(const plan::Process& plan, const fs::Proc& proc);

// The label of everything in a file system that is being configured.
// spec: config-linux.md#mount-label. man: mount(8), context=
base::Status give_label(base::FdRef context, const std::string& label);
// The label of a mount's root directory.
base::Status label_root(base::FdRef mount, const std::string& label);

}  // namespace apply
