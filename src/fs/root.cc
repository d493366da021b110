#include "fs/root.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/kernel.h"
#include "sys/file.h"

namespace fs {
namespace {

constexpr int kMostLinks = 40;  // as in the kernel

// "a/b/c" → {"a/b", "c"}; "c" → {"", "c"}
std::pair<std::string, std::string> split_last(const std::string& path) {
  auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// Where a link at `path` (clean) leads, as a clean path in the root.
std::string follow(const std::string& path, const std::string& target) {
  if (target.starts_with('/')) return clean(target);
  return clean(base::cat(split_last(path).first, "/", target));
}

Result<Fd> make_dirs_step(FdRef root, const std::string& path, unsigned mode, int links) {
  auto opened = open_in(root, path.empty() ? "." : path, O_PATH | O_DIRECTORY);
  if (opened || opened.error().code() != ENOENT) return opened;
  auto [above, name] = split_last(path);
  auto parent = TRY(make_dirs_step(root, above, mode, links));
  auto made = sys::mkdirat(parent, name, mode);
  if (!made) {
    if (made.error().code() != EEXIST) return std::move(made).error();
    // Something is there that leads nowhere: a dangling link (or another maker was faster).
    auto target = sys::readlinkat(parent, name);
    if (target) {
      if (links == 0) return base::Error::from_errno(ELOOP, base::cat("follow ", path));
      return make_dirs_step(root, follow(path, target.value()), mode, links - 1);
    }
  }
  return sys::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

Result<Fd> make_file_step(FdRef root, const std::string& path, unsigned mode, int links) {
  auto opened = open_in(root, path, O_PATH);
  if (opened || opened.error().code() != ENOENT) return opened;
  auto parent = TRY(make_parent_in(root, path, 0755));
  auto made = sys::openat(parent.dir, parent.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (!made) {
    if (made.error().code() != EEXIST) return made;
    auto target = TRY(sys::readlinkat(parent.dir, parent.name));
    if (links == 0) return base::Error::from_errno(ELOOP, base::cat("follow ", path));
    return make_file_step(root, follow(path, target), mode, links - 1);
  }
  return sys::openat(parent.dir, parent.name, O_PATH | O_NOFOLLOW);
}

}  // namespace

std::string clean(std::string_view path) {
  std::vector<std::string> kept;
  for (auto part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
    } else {
      kept.emplace_back(part);
    }
  }
  return base::join(kept, "/");
}

Result<Fd> open_in(FdRef root, const std::string& path, int flags, unsigned mode) {
  using namespace base::kernel;
  return sys::openat2(root, path.empty() ? "." : path, flags, mode,
                      kResolveInRoot | kResolveNoMagiclinks);
}

Result<Fd> make_dirs_in(FdRef root, const std::string& path, unsigned mode) {
  return make_dirs_step(root, clean(path), mode, kMostLinks);
}

Result<Fd> make_file_in(FdRef root, const std::string& path, unsigned mode) {
  auto cleaned = clean(path);
  if (cleaned.empty()) return base::config_error(base::quote(path), " names no file");
  return make_file_step(root, cleaned, mode, kMostLinks);
}

Result<Parent> make_parent_in(FdRef root, const std::string& path, unsigned mode) {
  auto cleaned = clean(path);
  auto [above, name] = split_last(cleaned);
  if (name.empty()) return base::config_error(base::quote(path), " names no file");
  Parent out;
  out.dir = TRY(make_dirs_in(root, above, mode));
  out.name = std::move(name);
  return out;
}

}  // namespace fs
