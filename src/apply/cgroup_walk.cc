#include "apply/cgroup_walk.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <vector>

#include "apply/cgroup_errors.h"
#include "base/text.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace apply {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

struct Level {
  std::string name{};
  ino_t inode = 0;
  std::vector<std::string> inside{};  // still to visit
};

class Walk {
 public:
  Walk(Fd top, const GroupVisit& visit) : now_(std::move(top)), visit_(visit) {}

  Status run() {
    TRY(arrive({}));
    for (;;) {
      auto& level = levels_.back();
      if (level.inside.empty()) {
        if (levels_.size() == 1) return {};
        TRY(leave());
        continue;
      }
      auto name = std::move(level.inside.back());
      level.inside.pop_back();
      auto child = sys::openat(now_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!child && is_gone(child.error())) continue;
      now_ = TRY(std::move(child));
      TRY(arrive(std::move(name)));
    }
  }

 private:
  Status arrive(std::string name) {
    auto st = TRY(sys::fstat(now_));
    Level level{.name = std::move(name), .inode = st.st_ino};
    if (visit_.enter) TRY(visit_.enter(now_));
    auto entries = fs::list_dir(now_);
    if (!entries && !is_gone(entries.error())) return std::move(entries).error();
    if (entries)
      for (auto& entry : entries.value())
        if (entry.type == DT_DIR) level.inside.push_back(std::move(entry.name));
    levels_.push_back(std::move(level));
    return {};
  }

  // Up by "..", which no one can have led elsewhere: v2 does not rename groups, v1 only in place.
  Status leave() {
    auto level = std::move(levels_.back());
    levels_.pop_back();
    now_ = TRY(sys::openat(now_, "..", O_RDONLY | O_DIRECTORY));
    auto st = TRY(sys::fstat(now_));
    if (st.st_ino != levels_.back().inode)
      return base::state_error("the group ", base::quote(level.name), " was moved meanwhile");
    return visit_.leave ? visit_.leave(now_, level.name) : Status();
  }

  Fd now_;
  const GroupVisit& visit_;
  std::vector<Level> levels_{};
};

}  // namespace

Status walk_groups(Fd top, const GroupVisit& visit) { return Walk(std::move(top), visit).run(); }

}  // namespace apply
