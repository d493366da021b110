// A new file system instance, detached.
#pragma once
#include "base/fd.h"
#include "base/result.h"
#include "plan/mounts.h"

namespace apply {

// mode: permissions of the root directory in octal, when the plan leaves them open (a tmpfs over an
// existing directory keeps that one's), or empty.
// man: fsopen(2), fsconfig(2), fsmount(2)
base::Result<base::Fd> make_file_system(const plan::NewMount& mount, const std::string& mode);

// Parameters that the calls above do not take: fsconfig(2) cuts off at 256 bytes, which the layers
// of an overlay exceed.
bool needs_classic_mount(const plan::NewMount& mount);
// Mounts at once, on the place that `target` names. man: mount(2)
base::Status classic_mount(const plan::NewMount& mount, base::FdRef target);

// man: fspick(2)
base::Status reconfigure(base::FdRef mount, const plan::Remount& remount);

}  // namespace apply
