// Removing cgroups: ours, with what was made inside.
#include <fcntl.h>

#include <cerrno>

#include "apply/cgroup.h"
#include "apply/cgroup_errors.h"
#include "apply/cgroup_walk.h"
#include "base/text.h"
#include "sys/file.h"

namespace apply {
namespace {

// A process that was killed still counts until it is done with exiting: wait, twice as long each
// time, about two seconds in all.
class Patience {
 public:
  bool wait() {
    if (milliseconds_ > 1024) return false;
    (void)sys::poll({}, milliseconds_);
    milliseconds_ *= 2;
    return true;
  }

 private:
  int milliseconds_ = 1;
};

bool gone(const Status& removed) { return removed || is_gone(removed.error()); }

bool busy(const Status& removed) {
  return !removed && (removed.error().code() == EBUSY || removed.error().code() == ENOTEMPTY);
}

Status remove_one(FdRef above, const std::string& name, Patience& patience) {
  auto removed = sys::unlinkat(above, name, AT_REMOVEDIR);
  while (busy(removed) && patience.wait()) removed = sys::unlinkat(above, name, AT_REMOVEDIR);
  return gone(removed) ? Status() : std::move(removed);
}

// Deepest first. The directories of a cgroup file system hold no links and no foreign mounts.
Status remove_group(FdRef dir, const std::string& name, Patience& patience) {
  auto removed = sys::unlinkat(dir, name, AT_REMOVEDIR);
  if (gone(removed)) return {};
  if (!busy(removed)) return removed;
  GroupVisit visit;
  visit.leave = [&](FdRef above, const std::string& inside) {
    return remove_one(above, inside, patience);
  };
  auto group = sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (group) TRY(walk_groups(std::move(group).value(), visit));
  return remove_one(dir, name, patience);
}

Status remove_levels(const CgroupPath& group, Patience& patience) {
  if (group.made == 0) return {};
  auto mount = sys::openat(FdRef::cwd(), group.mount, O_PATH | O_DIRECTORY);
  if (!mount) return mount.error().code() == ENOENT ? Status() : Status(std::move(mount).error());
  auto path = group.path.substr(1);
  TRY(remove_group(mount.value(), path, patience), "remove cgroup ", group.full());
  // Parents that we made go when the last container below them goes.
  for (unsigned level = 1; level < group.made; ++level) {
    auto slash = path.rfind('/');
    if (slash == path.npos) break;
    path.resize(slash);
    if (!gone(sys::unlinkat(mount.value(), path, AT_REMOVEDIR))) break;
  }
  return {};
}

}  // namespace

Status remove_cgroup(const CgroupPaths& paths) {
  Patience patience;
  Status first;
  // The others go even if one does not.
  for (const auto& group : paths.groups)
    if (auto removed = remove_levels(group, patience); !removed && first)
      first = std::move(removed);
  return first;
}

}  // namespace apply
