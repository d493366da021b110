#include "apply/id_mapped.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "fs/proc.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace apply {
namespace {

using base::cat;
using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

Result<Fd> write_maps(pid_t pid, const plan::IdMaps& maps) {
  auto proc = TRY(fs::Proc::open());
  TRY(proc.write(cat(pid, "/uid_map"), maps.uid), "uidMappings");
  TRY(proc.write(cat(pid, "/gid_map"), maps.gid), "gidMappings");
  return sys::openat(proc.fd(), cat(pid, "/ns/user"), O_RDONLY);
}

// A user namespace exists as long as something holds it: the child only until it is opened.
Result<Fd> user_namespace(const plan::IdMaps& maps) {
  if (!maps.user_namespace.empty()) return sys::openat(FdRef::cwd(), maps.user_namespace, O_RDONLY);
  auto pipe = TRY(sys::pipe());
  auto child = TRY(sys::clone3({.flags = CLONE_NEWUSER}));
  if (child.pid == 0) {
    // Ends when the runtime lets go of the pipe, also by dying.
    pipe.write_end.close();
    std::array<char, 1> none{};
    [[maybe_unused]] bool read = static_cast<bool>(sys::read(pipe.read_end, none));
    ::_exit(0);
  }
  auto out = write_maps(child.pid, maps);
  pipe.write_end.close();
  TRY(sys::wait_child(child.pidfd));
  return out;
}

}  // namespace

Status map_ids(FdRef tree, const plan::BindMount& bind) {
  if (bind.id_mapped == plan::IdMapped::No) return {};
  auto holder = TRY(user_namespace(bind.maps), "idmap");
  auto done = sys::mount_setattr(tree, {.set = MOUNT_ATTR_IDMAP, .user_namespace = holder.raw()},
                                 bind.id_mapped == plan::IdMapped::Tree);
  if (!done && done.error().code() == EINVAL)
    return base::unsupported("idmap: the file system of ", base::quote(bind.source),
                             " cannot map ids: ", done.error().text());
  TRY(std::move(done), "idmap");
  return {};
}

}  // namespace apply
