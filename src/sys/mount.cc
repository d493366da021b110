#include "sys/mount.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "sys/call.h"

namespace sys {
namespace {

// What the kernel logged to a file system context, " (e line; e line)", or nothing.
// man: fsopen(2): messages are read from the descriptor, "e " before an error.
std::string context_log(FdRef context) {
  std::string out;
  std::array<char, 512> line{};
  for (int lines = 0; lines < 8; lines++) {
    auto n = ::read(context.raw(), line.data(), line.size());
    if (n <= 0) break;
    std::string_view text(line.data(), static_cast<std::size_t>(n));
    text = base::trim(text);
    if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
    out += out.empty() ? " (" : "; ";
    out += text;
  }
  if (!out.empty()) out += ")";
  return out;
}

base::Error config_failed(FdRef context, std::string_view what, const std::string& key,
                          const std::string& value) {
  int code = errno;
  auto text = base::cat("fsconfig(", context.raw(), ", ", what);
  if (!key.empty()) text += ", " + show(key);
  if (!value.empty()) text += ", " + show(value);
  auto log = context_log(context);
  auto error = base::Error::from_errno(code, text + ")");
  return base::Error(error.kind(), code, error.text() + log);
}

Status configure(FdRef context, unsigned command, std::string_view what, const std::string& key,
                 const std::string& value) {
  bool has_value = command == FSCONFIG_SET_STRING;
  auto n = retry([&] {
    return ::syscall(SYS_fsconfig, context.raw(), command, key.empty() ? nullptr : key.c_str(),
                     has_value ? value.c_str() : nullptr, 0);
  });
  if (n < 0) return config_failed(context, what, key, value);
  return {};
}

}  // namespace

Result<Fd> open_tree(FdRef dir, const std::string& path, unsigned flags) {
  auto n = retry(
      [&] { return ::syscall(SYS_open_tree, dir.raw(), path.c_str(), flags | OPEN_TREE_CLOEXEC); });
  if (n < 0) return failed("open_tree", dir, path);
  return Fd(static_cast<int>(n));
}

Status move_mount(FdRef from, FdRef to) {
  constexpr unsigned kEmpty = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  if (::syscall(SYS_move_mount, from.raw(), "", to.raw(), "", kEmpty) < 0)
    return failed("move_mount", from, to);
  return {};
}

Result<Fd> fsopen(const std::string& type) {
  auto n = ::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC);
  if (n < 0) return failed("fsopen", type);
  return Fd(static_cast<int>(n));
}

Result<Fd> fspick(FdRef to) {
  auto n = ::syscall(SYS_fspick, to.raw(), "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
  if (n < 0) return failed("fspick", to);
  return Fd(static_cast<int>(n));
}

Status fsconfig_flag(FdRef context, const std::string& key) {
  return configure(context, FSCONFIG_SET_FLAG, "FSCONFIG_SET_FLAG", key, "");
}

Status fsconfig_string(FdRef context, const std::string& key, const std::string& value) {
  return configure(context, FSCONFIG_SET_STRING, "FSCONFIG_SET_STRING", key, value);
}

Status fsconfig_create(FdRef context) {
  return configure(context, FSCONFIG_CMD_CREATE, "FSCONFIG_CMD_CREATE", "", "");
}

Status fsconfig_reconfigure(FdRef context) {
  return configure(context, FSCONFIG_CMD_RECONFIGURE, "FSCONFIG_CMD_RECONFIGURE", "", "");
}

Result<Fd> fsmount(FdRef context, std::uint64_t attributes) {
  auto n = ::syscall(SYS_fsmount, context.raw(), 1U /* FSMOUNT_CLOEXEC */,
                     static_cast<unsigned>(attributes));
  if (n < 0) {
    auto error = failed("fsmount", context);
    return base::Error(error.kind(), error.code(), error.text() + context_log(context));
  }
  return Fd(static_cast<int>(n));
}

namespace {

Status set_attributes(FdRef dir, const std::string& path, unsigned flags,
                      const MountAttributes& attributes) {
  struct mount_attr attr {};
  attr.attr_set = attributes.set;
  attr.attr_clr = attributes.clear;
  attr.propagation = attributes.propagation;
  if (attributes.user_namespace >= 0)
    attr.userns_fd = static_cast<std::uint64_t>(attributes.user_namespace);
  if (::syscall(SYS_mount_setattr, dir.raw(), path.c_str(), flags, &attr, sizeof attr) < 0)
    return failed("mount_setattr", dir, path);
  return {};
}

}  // namespace

Status mount_setattr(FdRef mount, const MountAttributes& attributes, bool recursive) {
  return set_attributes(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes);
}

Status mount_setattr_at(const std::string& path, const MountAttributes& attributes,
                        bool recursive) {
  return set_attributes(FdRef::cwd(), path, recursive ? AT_RECURSIVE : 0, attributes);
}

Status mount(const std::string& source, const std::string& target, const std::string& type,
             unsigned long flags, const std::string& data) {
  if (::mount(source.empty() ? nullptr : source.c_str(), target.c_str(),
              type.empty() ? nullptr : type.c_str(), flags,
              data.empty() ? nullptr : data.c_str()) < 0)
    return failed("mount", source, target, type, flags, data);
  return {};
}

Status umount(const std::string& target, int flags) {
  if (::umount2(target.c_str(), flags) < 0) return failed("umount2", target);
  return {};
}

Status pivot_root(const std::string& new_root, const std::string& put_old) {
  if (::syscall(SYS_pivot_root, new_root.c_str(), put_old.c_str()) < 0)
    return failed("pivot_root", new_root, put_old);
  return {};
}

Status chroot(const std::string& path) {
  if (::chroot(path.c_str()) < 0) return failed("chroot", path);
  return {};
}

}  // namespace sys
