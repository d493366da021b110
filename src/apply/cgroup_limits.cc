#include "apply/cgroup_limits.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace apply {
namespace {

using plan::CgroupWrite;

bool tolerates(const CgroupWrite& write, int code) {
  return std::find(write.tolerate.begin(), write.tolerate.end(), code) != write.tolerate.end();
}

const OpenGroup* group_at(std::span<const OpenGroup> groups, const std::string& mount) {
  for (const auto& group : groups)
    if (group.where.mount == mount) return &group;
  return nullptr;
}

base::Error missing_group(const CgroupWrite& write) {
  return base::system_error(write.what, ": the container has no cgroup under ", write.mount,
                            ", which is not delegated to this user, so ", base::quote(write.text),
                            " cannot be set");
}

// A limit below the usage. spec: config-linux.md#memory (checkBeforeUpdate)
Status check_usage(const OpenGroup& group, const CgroupWrite& write) {
  auto limit = base::parse<std::uint64_t>(write.text);
  if (!limit) return {};
  auto text = TRY(fs::read_file(group.dir, write.usage_file), group.where.full());
  auto usage = base::parse<std::uint64_t>(base::trim(text));
  if (usage && *usage > *limit)
    return base::state_error(write.what, ": ", *limit, " is below the present usage of ", *usage);
  return {};
}

// The error of a write that nothing tolerates, with what it needs to be understood.
base::Error explain(const OpenGroup& group, const CgroupWrite& write, base::Error error) {
  int code = error.code();
  if (code == 0) return error;
  if (code == ENOENT)
    return base::unsupported(write.what, ": the kernel has no control file ", write.file, " in ",
                             group.where.full(), ", needed for ", base::quote(write.text));
  auto context = base::cat(write.what, ": ", group.where.full());
  if (code == EBUSY && !write.usage_file.empty())
    if (auto usage = fs::read_file(group.dir, write.usage_file))
      context = base::cat(write.what, ": below the present usage of ", base::trim(usage.value()),
                          ": ", group.where.full());
  return std::move(error).in(context);
}

// The control file of the last write stays open: device rules go one by one into the same. The
// kernel takes each write by itself, whatever the offset.
class ControlFile {
 public:
  Status write(const OpenGroup& group, const std::string& file, const std::string& text) {
    if (mount_ != group.where.mount || file_ != file || !fd_) {
      fd_ = TRY(sys::openat(group.dir, file, O_WRONLY));
      mount_ = group.where.mount;
      file_ = file;
    }
    TRY(sys::write(fd_, text), "write ", base::quote(text), " to ", file);
    return {};
  }

 private:
  std::string mount_{};
  std::string file_{};
  Fd fd_{};
};

Status write_one(ControlFile& at, const OpenGroup& group, const CgroupWrite& write) {
  if (write.check_usage) TRY(check_usage(group, write));
  auto done = at.write(group, write.file, write.text);
  if (!done && done.error().code() == ENOENT && !write.otherwise_file.empty())
    done = at.write(group, write.otherwise_file, write.otherwise_text);
  if (done || tolerates(write, done.error().code())) return {};
  return std::move(done).error();
}

// Writes that constrain each other: round after round, until the kernel has taken all.
Status write_any_order(ControlFile& at, const OpenGroup& group,
                       std::vector<const CgroupWrite*> left) {
  while (!left.empty()) {
    std::vector<const CgroupWrite*> refused;
    std::optional<base::Error> error;
    for (auto write : left) {
      auto done = write_one(at, group, *write);
      if (done) continue;
      if (done.error().code() != EINVAL) return explain(group, *write, std::move(done).error());
      if (!error) error = explain(group, *write, std::move(done).error());
      refused.push_back(write);
    }
    if (refused.size() == left.size()) return *std::move(error);
    left = std::move(refused);
  }
  return {};
}

}  // namespace

Status write_all_limits(std::span<const OpenGroup> groups, const std::vector<CgroupWrite>& writes) {
  ControlFile at;
  for (std::size_t i = 0; i < writes.size();) {
    const auto& write = writes[i];
    auto group = group_at(groups, write.mount);
    if (!group) {
      if (!tolerates(write, EPERM)) return missing_group(write);
      ++i;
      continue;
    }
    if (!write.any_order) {
      auto done = write_one(at, *group, write);
      if (!done) return explain(*group, write, std::move(done).error());
      ++i;
      continue;
    }
    std::vector<const CgroupWrite*> together;
    for (; i < writes.size() && writes[i].any_order && writes[i].mount == write.mount; ++i)
      together.push_back(&writes[i]);
    TRY(write_any_order(at, *group, std::move(together)));
  }
  return {};
}

const OpenGroup* OpenGroups::at(const std::string& mount) const { return group_at(groups, mount); }

Result<OpenGroups> open_groups(const CgroupPaths& paths, const std::vector<CgroupWrite>& writes) {
  OpenGroups out;
  for (const auto& where : paths.groups) {
    bool named = std::any_of(writes.begin(), writes.end(),
                             [&](const CgroupWrite& w) { return w.mount == where.mount; });
    if (!named) continue;
    out.dirs.push_back(TRY(sys::openat(FdRef::cwd(), where.full(), O_PATH | O_DIRECTORY)));
    out.groups.push_back({where, out.dirs.back()});
  }
  return out;
}

Status write_limits(const CgroupPaths& paths, const std::vector<CgroupWrite>& writes) {
  auto open = TRY(open_groups(paths, writes));
  return write_all_limits(open.groups, writes);
}

}  // namespace apply
