#include "apply/file_system.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "apply/labels.h"
#include "base/named.h"
#include "sys/mount.h"

namespace apply {
namespace {

using base::cat;
using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::size_t kMostBytes = 255;

// man: mount(2)
constexpr auto kSuperblockFlags =
    std::to_array<base::Named<unsigned long>>({{"dirsync", MS_DIRSYNC},
                                               {"lazytime", 1UL << 25},
                                               {"mand", MS_MANDLOCK},
                                               {"ro", MS_RDONLY},
                                               {"sync", MS_SYNCHRONOUS}});
struct AttributeFlag {
  std::uint64_t attribute;
  unsigned long flag;
};
constexpr auto kAttributeFlags =
    std::to_array<AttributeFlag>({{MOUNT_ATTR_RDONLY, MS_RDONLY},
                                  {MOUNT_ATTR_NOSUID, MS_NOSUID},
                                  {MOUNT_ATTR_NODEV, MS_NODEV},
                                  {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
                                  {MOUNT_ATTR_NOATIME, MS_NOATIME},
                                  {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
                                  {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
                                  {MOUNT_ATTR_NOSYMFOLLOW, 256}});

unsigned long classic_flags(const plan::NewMount& mount) {
  unsigned long out = 0;
  for (const auto& row : kAttributeFlags)
    if (mount.attributes & row.attribute) out |= row.flag;
  for (const auto& word : mount.superblock)
    out |= base::value_of(kSuperblockFlags, word).value_or(0);
  return out;
}

Status give_options(FdRef context, const std::vector<std::string>& superblock,
                    const std::vector<plan::FsOption>& data) {
  for (const auto& flag : superblock) TRY(sys::fsconfig_flag(context, flag));
  for (const auto& option : data) {
    if (option.has_value)
      TRY(sys::fsconfig_string(context, option.key, option.value));
    else
      TRY(sys::fsconfig_flag(context, option.key));
  }
  return {};
}

// What usually is behind a refusal.
std::string_view advice(const plan::NewMount& mount, int code) {
  if (code == ENODEV) return " (this kernel has no such file system)";
  if (code != EPERM) return "";
  if (mount.type == "sysfs")
    return " (a new sysfs needs a network namespace of the container's own; bind /sys instead)";
  if (mount.type == "proc")
    return " (a new procfs needs a pid namespace of the container's own, and a host /proc that is "
           "not itself masked)";
  return "";
}

base::Error advised(base::Error error, const plan::NewMount& mount) {
  return base::Error(error.kind(), error.code(), cat(error.text(), advice(mount, error.code())));
}

bool long_label(const plan::NewMount& mount) {
  return mount.label.way == plan::MountLabel::Way::Parameter &&
         mount.label.text.size() > kMostBytes;
}

Result<Fd> make(const plan::NewMount& mount, const std::string& mode) {
  auto context = TRY(sys::fsopen(mount.type));
  TRY(sys::fsconfig_string(context, "source", mount.source));
  if (!mode.empty()) TRY(sys::fsconfig_string(context, "mode", mode));
  TRY(give_options(context, mount.superblock, mount.data));
  if (mount.label.way == plan::MountLabel::Way::Parameter)
    TRY(give_label(context, mount.label.text));
  TRY(sys::fsconfig_create(context));
  auto out = TRY(sys::fsmount(context, mount.attributes));
  if (mount.label.way == plan::MountLabel::Way::Root) TRY(label_root(out, mount.label.text));
  return out;
}

}  // namespace

Result<Fd> make_file_system(const plan::NewMount& mount, const std::string& mode) {
  auto out = make(mount, mode);
  if (!out) return advised(std::move(out).error(), mount);
  return out;
}

bool needs_classic_mount(const plan::NewMount& mount) {
  return mount.source.size() > kMostBytes || long_label(mount) ||
         std::ranges::any_of(mount.data, [](const auto& o) { return o.value.size() > kMostBytes; });
}

Status classic_mount(const plan::NewMount& mount, FdRef target) {
  std::vector<std::string> data;
  for (const auto& option : mount.data) {
    // Categories of SELinux have commas. man: mount(8), context=
    auto quote = option.key.ends_with("context") ? "\"" : "";
    data.push_back(option.has_value ? cat(option.key, "=", quote, option.value, quote)
                                    : option.key);
  }
  if (mount.label.way == plan::MountLabel::Way::Parameter)
    data.push_back(cat("context=\"", mount.label.text, "\""));
  // Before entering, /proc is the host's.
  return sys::mount(mount.source, cat("/proc/self/fd/", target.raw()), mount.type,
                    classic_flags(mount), base::join(data, ","));
}

Status reconfigure(FdRef mount, const plan::Remount& remount) {
  if (remount.superblock.empty() && remount.data.empty()) return {};
  auto context = TRY(sys::fspick(mount));
  TRY(give_options(context, remount.superblock, remount.data));
  return sys::fsconfig_reconfigure(context);
}

}  // namespace apply
