#include "apply/mount_target.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/kernel.h"
#include "fs/root.h"
#include "sys/file.h"

namespace apply {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;

// As written, every part an ordinary one.
Result<Fd> open_plain(FdRef root, const std::string& path) {
  using namespace base::kernel;
  return sys::openat2(root, path.empty() ? "." : path, O_PATH, 0,
                      kResolveInRoot | kResolveNoSymlinks);
}

Result<MountTarget> make(FdRef root, const std::string& path, bool directory) {
  MountTarget out;
  out.made = true;
  if (directory)
    out.fd = TRY(fs::make_dirs_in(root, path, 0755));
  else
    out.fd = TRY(fs::make_file_in(root, path, 0644));
  return out;
}

template <class IsDirectory>
Result<MountTarget> find_or_make(FdRef root, const std::string& path, TargetLinks links,
                                 IsDirectory is_directory) {
  MountTarget out;
  auto opened = open_plain(root, path);
  if (!opened && opened.error().code() == ELOOP) {
    if (links == TargetLinks::Refused)
      return base::config_error("destination ", base::quote("/" + path),
                                " must be an ordinary directory, but a symbolic link leads there");
    opened = fs::open_in(root, path, O_PATH);
    if (opened) {
      auto where = TRY(sys::fstatfs(opened.value()));
      if (where.f_type == base::kernel::kProcMagic)
        return base::config_error("destination ", base::quote("/" + path),
                                  " is led into /proc by a symbolic link");
    }
  }
  if (!opened) {
    if (opened.error().code() != ENOENT) return std::move(opened).error();
    bool directory = TRY(is_directory());
    return make(root, path, directory);
  }
  out.fd = std::move(opened).value();
  return out;
}

}  // namespace

Result<MountTarget> mount_target(FdRef root, const std::string& path, FdRef source,
                                 TargetLinks links) {
  return find_or_make(root, path, links, [&]() -> Result<bool> {
    auto stat = TRY(sys::fstat(source));
    return S_ISDIR(stat.st_mode);
  });
}

Result<MountTarget> mount_target_dir(FdRef root, const std::string& path, TargetLinks links) {
  return find_or_make(root, path, links, []() -> Result<bool> { return true; });
}

}  // namespace apply
