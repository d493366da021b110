// The root file system: opened on the host, put together in init, entered, closed off.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/rootfs.h"

namespace apply {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// What the runtime opens before the clone, for init to attach. Members that the runtime is not
// permitted to open (without privilege) stay empty; init then opens them by path.
struct PreparedRootfs {
  Fd root{};                  // the tree, detached; attached once built
  std::vector<Fd> sources{};  // of plan.mounts[i], where that is a bind mount
  std::vector<Fd> devices{};  // of plan.devices[i], where that is bound
  Fd null{};                  // the host's /dev/null, detached, for masked files
  bool over_root = false;     // the tree had to be attached over "/"
  // Trees that become read-only at last.
  std::vector<Fd> read_only_at_last{};
};

// In the runtime, in the host's mount namespace. Nothing is made. Errors name their place:
// `mounts[3]: bind source "/x": No such file or directory`.
Result<PreparedRootfs> prepare_rootfs(const plan::RootfsPlan& plan);

// In init, in all its namespaces, before it enters: propagation, the tree at its own path, all
// mounts in order, device nodes, links. Changes umask to 0 and the working directory.
Status build_rootfs(const plan::RootfsPlan& plan, PreparedRootfs& prepared);

// In init: makes the tree its root. From here on no path of the host exists.
Status enter_rootfs(const plan::RootfsPlan& plan, PreparedRootfs& prepared);

// In init, after entering (and after the console stands): read-only and masked paths, what waits to
// become read-only, propagation of the root.
// spec: config-linux.md#masked-paths, #readonly-paths, #rootfs-mount-propagation; config.md#root
Status finish_rootfs(const plan::RootfsPlan& plan, PreparedRootfs& prepared);

// Binds the pty's slave on /dev/console below `root`.
// cve: 2025-52565: the place is a new or an ordinary file, not led elsewhere by a link.
// spec: config-linux.md#default-devices
Status bind_console(FdRef root, FdRef slave);

// For a container without a mount namespace of its own: takes its tree off the host's path. Absent
// is fine.
Status detach_rootfs(const std::string& path);

}  // namespace apply
