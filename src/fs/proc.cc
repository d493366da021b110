#include "fs/proc.h"

#include <fcntl.h>

#include <cerrno>

#include "base/kernel.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace fs {
namespace {

base::Result<base::Fd> open_beneath(base::FdRef proc, const std::string& path, int flags) {
  using namespace base::kernel;
  return sys::openat2(proc, path, flags, 0,
                      kResolveBeneath | kResolveNoXdev | kResolveNoMagiclinks);
}

}  // namespace

base::Result<Proc> Proc::open() {
  auto fd = TRY(sys::openat(FdRef::cwd(), "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  auto st = TRY(sys::fstatfs(fd));
  constexpr ino_t kProcRootInode = 1;
  auto root = TRY(sys::fstat(fd));
  if (st.f_type != base::kernel::kProcMagic || root.st_ino != kProcRootInode)
    return base::system_error("/proc: is not a proc file system");
  return Proc(std::move(fd));
}

base::Result<Proc> Proc::detached() {
  auto context = TRY(sys::fsopen("proc"));
  TRY(sys::fsconfig_create(context));
  auto fd = TRY(sys::fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  return Proc(std::move(fd));
}

base::Result<base::Fd> Proc::open_entry(const std::string& path, int flags) const {
  auto opened = open_beneath(fd_, path, flags);
  // An outer container may have mounted over it, or have a procfs with processes alone
  // (subset=pid).
  int code = opened ? 0 : opened.error().code();
  bool same_in_any = path.starts_with("self/") || path.starts_with("sys/");
  if ((code != EXDEV && code != ENOENT) || !same_in_any) return opened;
  auto own = detached();
  if (own) {
    auto again = open_beneath(own.value().fd(), path, flags);
    if (again) return again;
  }
  if (code == ENOENT) return opened;
  return base::Error(
      base::Kind::System, code,
      base::cat("something is mounted over it", own ? "" : ", and a procfs of our own is refused: ",
                own ? "" : own.error().text()));
}

base::Result<std::string> Proc::read(const std::string& path) const {
  auto fd = TRY(open_entry(path, O_RDONLY), "/proc/", path);
  return TRY(read_all(fd), "/proc/", path);
}

base::Status Proc::write(const std::string& path, std::string_view text) const {
  auto fd = TRY(open_entry(path, O_WRONLY), "/proc/", path);
  TRY(sys::write(fd, text), "write ", base::quote(base::trim(text)), " to /proc/", path);
  return {};
}

base::Result<ProcessStat> parse_process_stat(std::string_view text) {
  // The second field is the name in parentheses, which may itself hold blanks and parentheses.
  auto close = text.rfind(')');
  if (close == std::string_view::npos) return base::system_error("/proc/PID/stat: no name in it");
  auto fields = base::words(text.substr(close + 1));
  constexpr std::size_t kStartTime = 22 - 3;  // field 22, counted from 1; ours begin with field 3
  if (fields.size() <= kStartTime) return base::system_error("/proc/PID/stat: too short");
  ProcessStat out;
  out.state = fields[0].front();
  auto start = base::parse<std::uint64_t>(fields[kStartTime]);
  if (!start) return base::system_error("/proc/PID/stat: no start time in it");
  out.start_time = *start;
  return out;
}

base::Result<ProcessStat> process_stat(const Proc& proc, pid_t pid) {
  return parse_process_stat(TRY(proc.read(base::cat(pid, "/stat"))));
}

base::Result<pid_t> pid_inside(const Proc& proc, pid_t pid) {
  constexpr std::string_view kField = "NSpid:";
  auto text = TRY(proc.read(base::cat(pid, "/status")));
  for (auto line : base::split(text, '\n')) {
    if (!line.starts_with(kField)) continue;
    auto pids = base::words(line.substr(kField.size()));
    auto inner = pids.empty() ? std::nullopt : base::parse<pid_t>(pids.back());
    if (inner) return *inner;
  }
  return base::system_error("/proc/", pid, "/status: has no NSpid");
}

base::Result<std::vector<int>> same_pid_namespace(const Proc& proc, pid_t pid) {
  auto of = [&](const std::string& who) {
    return sys::readlinkat(proc.fd(), base::cat(who, "/ns/pid"));
  };
  auto wanted = TRY(of(base::cat(pid)));
  auto ours = TRY(of("self"));
  if (wanted == ours) return std::vector<int>{pid};
  std::vector<int> out;
  auto entries = TRY(list_dir(proc.fd()));
  for (const auto& entry : entries) {
    auto other = base::parse<int>(entry.name);
    if (!other) continue;
    // One that has ended meanwhile, or is another user's, is none of these.
    auto its = of(entry.name);
    if (its && its.value() == wanted) out.push_back(*other);
  }
  return out;
}

}  // namespace fs
