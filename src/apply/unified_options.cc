#include "apply/unified_options.h"

#include <fcntl.h>

#include "base/text.h"
#include "fs/mountinfo.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {

using base::FdRef;

base::Result<UnifiedOptions> UnifiedOptions::read() {
  UnifiedOptions out;
  for (auto& row : TRY(fs::read_mountinfo())) {
    if (row.type != "cgroup2") continue;
    out.mount_ = std::move(row.mount_point);
    out.options_ = std::move(row.super_options);
    break;
  }
  return out;
}

base::Status UnifiedOptions::put_back() const {
  if (mount_.empty()) return {};
  auto now = TRY(read());
  if (now.options_ == options_) return {};
  auto mount = TRY(sys::openat(FdRef::cwd(), mount_, O_PATH | O_DIRECTORY));
  auto context = TRY(sys::fspick(mount), mount_);
  for (auto option : base::split(options_, ','))
    if (option != "seclabel")  // SELinux says it of itself
      TRY(sys::fsconfig_flag(context, std::string(option)), mount_);
  return sys::fsconfig_reconfigure(context);
}

}  // namespace apply
