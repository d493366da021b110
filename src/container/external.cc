#include "container/external.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "container/criu_mounts.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace container {
namespace {

using base::cat;
using base::FdRef;
using base::Result;

std::string hex(std::uint64_t n) {
  char text[16];
  auto end = std::to_chars(text, text + sizeof text, n, 16).ptr;
  return {text, end};
}

// man: namespaces(7): the names below /proc/PID/ns
std::string_view file_of(spec::NamespaceType type) {
  switch (type) {
    case spec::NamespaceType::Mount:
      return "mnt";
    case spec::NamespaceType::Pid:
      return "pid";
    case spec::NamespaceType::Network:
      return "net";
    case spec::NamespaceType::Uts:
      return "uts";
    case spec::NamespaceType::Ipc:
      return "ipc";
    case spec::NamespaceType::User:
      return "user";
    case spec::NamespaceType::Cgroup:
      return "cgroup";
    case spec::NamespaceType::Time:
      return "time";
  }
  return "";
}

// Of these two criu takes a descriptor; of others a path.
bool by_descriptor(spec::NamespaceType type) {
  return type == spec::NamespaceType::Network || type == spec::NamespaceType::Pid;
}

// compat: runc's names, so that each restores images of the other.
std::string_view name_of(spec::NamespaceType type) {
  return type == spec::NamespaceType::Network ? "extRootNetNS" : "extRootPidNS";
}

const fs::MountRow* row_of(const std::vector<fs::MountRow>& rows, std::uint64_t id) {
  auto found = std::ranges::find(rows, id, &fs::MountRow::id);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::vector<ExternalMount> external_mounts(const plan::RootfsPlan& plan) {
  std::vector<ExternalMount> out;
  for (const auto& op : plan.mounts) {
    auto bind = std::get_if<plan::BindMount>(&op.what);
    if (!bind || bind->source_at == plan::SourceAt::Rootfs) continue;
    out.push_back({"/" + op.target, bind->source, bind->recursive, staged_name(op)});
  }
  for (const auto& device : plan.devices)
    if (device.bind) out.push_back({"/" + device.path, "/" + device.path, false, {}});
  for (const auto& path : plan.masked_paths) out.push_back({"/" + path, "/dev/null", false, {}});
  return out;
}

std::vector<ExternalMount> with_submounts(std::vector<ExternalMount> mounts,
                                          const std::vector<fs::MountRow>& host) {
  auto count = mounts.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!mounts[i].recursive) continue;
    auto below = mounts[i].source == "/" ? "/" : mounts[i].source + "/";
    for (const auto& row : host) {
      if (!row.mount_point.starts_with(below)) continue;
      auto rest = row.mount_point.substr(below.size());
      auto staged = mounts[i].staged.empty() ? "" : cat(mounts[i].staged, "/", rest);
      mounts.push_back({cat(mounts[i].target, "/", rest), row.mount_point, false, staged});
    }
  }
  return mounts;
}

Result<std::vector<criu::Pair>> present_mounts(const std::vector<ExternalMount>& mounts, pid_t init,
                                               const fs::Proc& proc) {
  std::vector<criu::Pair> out;
  auto text = TRY(proc.read(cat(init, "/mountinfo")));
  auto rows = TRY(fs::parse_mountinfo(text));
  auto root = TRY(sys::openat(proc.fd(), cat(init, "/root"), O_PATH | O_DIRECTORY));
  for (const auto& mount : mounts) {
    auto place = fs::open_in(root, mount.target, O_PATH);
    if (!place) continue;  // the container has unmounted it, or what it stood on never was
    auto st = TRY(sys::fstat(place.value()));
    // A masked directory is a file system of the container's own.
    if (mount.source == "/dev/null" && S_ISDIR(st.st_mode)) continue;
    auto row = row_of(rows, TRY(sys::mount_id(place.value(), "", AT_EMPTY_PATH)));
    if (!row || row->mount_point == "/") continue;
    // The container may have led a link there; criu knows the mount by its place.
    if (std::ranges::find(out, row->mount_point, &criu::Pair::key) == out.end())
      out.push_back({row->mount_point, mount.target});
  }
  return out;
}

Result<std::string> external_name(FdRef file) {
  auto link = TRY(sys::readlinkat(FdRef::cwd(), cat("/proc/self/fd/", file.raw())));
  if (link.starts_with("pipe:[") || link.starts_with("socket:[")) return link;
  auto st = TRY(sys::fstat(file));
  if (sys::isatty(file)) return cat("tty[", hex(st.st_rdev), ":", hex(st.st_dev), "]");
  auto mount = TRY(sys::mount_id(file, "", AT_EMPTY_PATH));
  return cat("file[", hex(mount), ":", hex(st.st_ino), "]");
}

Result<std::vector<std::string>> external_names(int count) {
  std::vector<std::string> out;
  for (int n = 0; n < count; ++n) {
    auto name = external_name(FdRef::inherited(n));
    if (!name && name.error().code() == ENOENT) {
      out.emplace_back();
      continue;
    }
    out.push_back(TRY(std::move(name), "descriptor ", n));
  }
  return out;
}

std::string external_word(const std::string& name) {
  constexpr std::string_view kSocket = "socket:";
  if (name.starts_with(kSocket)) return "unix" + name.substr(kSocket.size());
  if (name.starts_with("file[") || name.starts_with("tty[")) return name;
  return "";
}

Result<std::vector<std::string>> external_namespaces(const spec::Linux& config, pid_t init,
                                                     const fs::Proc& proc) {
  std::vector<std::string> out;
  for (const auto& joined : config.namespaces) {
    if (joined.path.empty() || !by_descriptor(joined.type)) continue;
    auto file = file_of(joined.type);
    auto st = TRY(sys::fstatat(proc.fd(), cat(init, "/ns/", file), 0));
    out.push_back(cat(file, "[", st.st_ino, "]:", name_of(joined.type)));
  }
  return out;
}

Result<JoinedNamespaces> joined_namespaces(const spec::Linux& config) {
  JoinedNamespaces out;
  for (std::size_t i = 0; i < config.namespaces.size(); ++i) {
    const auto& joined = config.namespaces[i];
    if (joined.path.empty()) continue;
    if (joined.type == spec::NamespaceType::Cgroup || joined.type == spec::NamespaceType::Mount)
      return base::unsupported("linux.namespaces[", i, "]: criu cannot join a ",
                               file_of(joined.type), " namespace");
    if (!by_descriptor(joined.type)) {
      out.joined.push_back({std::string(file_of(joined.type)), joined.path});
      continue;
    }
    auto file = TRY(sys::openat(FdRef::cwd(), joined.path, O_RDONLY), "linux.namespaces[", i, "]");
    out.inherited.push_back({std::string(name_of(joined.type)), file.raw()});
    out.files.push_back(std::move(file));
  }
  return out;
}

}  // namespace container
