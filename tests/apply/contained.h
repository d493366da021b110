// A container's root file system, planned, prepared, built, entered and finished in throw-away
// namespaces.
#pragma once
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <string>

#include "apply/rootfs.h"
#include "fs/mountinfo.h"
#include "kernel.h"
#include "sys/file.h"

namespace contained {

using kernel::Outcome;
using spec::NamespaceType;

inline constexpr int kContainer =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;

// A bundle below /tmp and a configuration with what `runtime spec` writes.
inline spec::Config config() {
  spec::Config out;
  out.root = spec::Root{.path = "rootfs"};
  out.mounts = {
      {"/proc", "proc", "proc", {}, {}, {}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}, {}, {}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"},
       {},
       {}},
      {"/dev/shm",
       "tmpfs",
       "shm",
       {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"},
       {},
       {}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}, {}, {}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}, {}, {}}};
  for (auto type : {NamespaceType::Mount, NamespaceType::Pid, NamespaceType::Network,
                    NamespaceType::Ipc, NamespaceType::Uts})
    out.linux_.namespaces.push_back({type, ""});
  out.linux_.masked_paths = {"/proc/kcore", "/proc/scsi",    "/proc/keys", "/proc/timer_list",
                             "/nothing",    "/sys/firmware", "/proc/acpi"};
  out.linux_.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"};
  return out;
}

inline plan::Host host() {
  plan::Host out;
  if (::geteuid() == 0) out.held_capabilities = ~std::uint64_t{0};
  return out;
}

inline void make_bundle() {
  ::umask(022);
  ::mkdir("/tmp/bundle", 0755);
  ::mkdir("/tmp/bundle/rootfs", 0755);
  ::mkdir("/tmp/bundle/rootfs/work", 0755);
  ::mkdir("/tmp/evil", 0755);
}

// Plan and prepare on this host, then build, enter and finish in a container, and look around.
inline Outcome contain(const spec::Config& config, int flags, const kernel::Body& look,
                       plan::Request request = {.bundle = "/tmp/bundle"}) {
  auto plan = plan::rootfs(config, host(), request, {});
  WANT_OK(plan);
  auto prepared = apply::prepare_rootfs(plan.value());
  WANT_OK(prepared);
  return kernel::in_namespaces(flags, [&]() -> Outcome {
    WANT_OK(apply::build_rootfs(plan.value(), prepared.value()));
    WANT_OK(apply::enter_rootfs(plan.value(), prepared.value()));
    WANT_OK(apply::finish_rootfs(plan.value(), prepared.value()));
    return look();
  });
}

inline Outcome run(const spec::Config& config, const kernel::Body& look,
                   plan::Request request = {.bundle = "/tmp/bundle"}) {
  return kernel::on_host([&] {
    make_bundle();
    return contain(config, kContainer, look, request);
  });
}

// The row of the mount that is on top at this place.
inline fs::MountRow mount_at(const std::string& place) {
  auto rows = fs::read_mountinfo();
  fs::MountRow out;
  if (rows)
    for (const auto& row : rows.value())
      if (row.mount_point == place) out = row;
  return out;
}

inline bool exists(const char* path) { return ::access(path, F_OK) == 0; }
inline bool writable(const std::string& path) {
  return static_cast<bool>(sys::openat(base::FdRef::cwd(), path, O_WRONLY | O_CREAT, 0600));
}
inline bool is_device(const char* path, unsigned major_number, unsigned minor_number) {
  struct stat st {};
  return ::lstat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
         st.st_rdev == ::makedev(major_number, minor_number);
}
inline std::string link_of(const char* path) {
  auto text = sys::readlinkat(base::FdRef::cwd(), path);
  return text ? text.value() : "";
}

}  // namespace contained
