#include "container/seal.h"

#include <fcntl.h>
#include <linux/magic.h>

#include <algorithm>

#include "base/text.h"
#include "fs/proc.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// Says to the process after execve which process had it executed: itself, since the pid stays. What
// a parent may have left there names another.
constexpr std::string_view kMark = "CORACLE_SEALED=";

std::string own_mark() { return base::cat(kMark, sys::getpid()); }

// Whether this process was executed by `seal`.
bool is_sealed(FdRef self, const std::vector<std::string>& env) {
  // Only a memory file has seals: any other answers EINVAL.
  auto seals = sys::get_seals(self);
  if (seals && (seals.value() & kSeals) == kSeals) return true;
  auto fs = sys::fstatfs(self);
  bool overlay = fs && fs.value().f_type == OVERLAYFS_SUPER_MAGIC;
  return overlay && std::find(env.begin(), env.end(), own_mark()) != env.end();
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// Our file as an overlay of its folder over another, which overlayfs wants for the second, shows
// it.
Result<Fd> in_overlay(const fs::Proc& proc, FdRef self) {
  constexpr const char* kOther = "/sys";
  auto path = TRY(sys::readlinkat(proc.fd(), "self/exe"));
  auto slash = path.rfind('/');
  auto dir = TRY(sys::openat(FdRef::cwd(), path.substr(0, slash + 1), O_PATH | O_DIRECTORY));
  auto context = TRY(sys::fsopen("overlay"));
  // By descriptor: a path could hold what overlayfs takes for the end of it.
  TRY(sys::fsconfig_string(context, "lowerdir",
                           base::cat("/proc/self/fd/", dir.raw(), ":", kOther)));
  TRY(sys::fsconfig_create(context));
  auto mount = TRY(sys::fsmount(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  auto file = TRY(sys::openat(mount, path.substr(slash + 1), O_RDONLY | O_NOFOLLOW));
  auto st = TRY(sys::fstat(file));
  auto wanted = TRY(sys::fstat(self));
  if (!same_file(st, wanted)) return base::state_error("seal: ", path, " is another file by now");
  return file;
}

Result<Fd> in_memory(FdRef self) {
  auto copy = TRY(sys::memfd_create("runtime"), "seal");
  constexpr std::size_t kAll = 1U << 30;
  while (TRY(sys::sendfile(copy, self, kAll), "seal") > 0) {
  }
  TRY(sys::fchmod(copy, 0500), "seal");
  TRY(sys::add_seals(copy, kSeals), "seal");
  return copy;
}

}  // namespace

base::Status seal(const std::vector<std::string>& args, std::vector<std::string> env) {
  // Whatever stands there is executed.
  auto proc = TRY(fs::Proc::open(), "seal");
  auto self = TRY(sys::openat(proc.fd(), "self/exe", O_RDONLY), "seal");
  if (is_sealed(self, env)) return {};
  std::erase_if(env, [](const std::string& entry) { return entry.starts_with(kMark); });
  env.push_back(own_mark());
  if (auto file = in_overlay(proc, self)) (void)sys::fexecve(file.value(), args, env);
  auto file = TRY(in_memory(self));
  return sys::fexecve(file, args, env).in("seal");
}

}  // namespace container
