// A directory descriptor as a root: everything opened or made is beneath it, whatever links it
// holds.
#pragma once
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace fs {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// Opens a path as if `root` were "/": absolute links and ".." end there, magic links are refused.
// man: openat2(2), RESOLVE_IN_ROOT
Result<Fd> open_in(FdRef root, const std::string& path, int flags, unsigned mode = 0);

// The directory of this path, made with all its missing parents (mode, owned by the caller). A link
// that leads to nothing gets its target made, in the root. Gives it back as an O_PATH descriptor.
Result<Fd> make_dirs_in(FdRef root, const std::string& path, unsigned mode);

// An empty regular file for a mount to stand on, made with missing parents if nothing is there.
// O_PATH.
Result<Fd> make_file_in(FdRef root, const std::string& path, unsigned mode);

// The directory that holds the last name of the path, made if missing, and that name. An error for
// a path that has no last name ("/", "..", ".").
struct Parent {
  Fd dir{};
  std::string name{};
};
Result<Parent> make_parent_in(FdRef root, const std::string& path, unsigned mode);

// A path without empty and "." parts, ".." taken as text, never above the root: "/a/../b//c" is
// "b/c".
std::string clean(std::string_view path);

}  // namespace fs
