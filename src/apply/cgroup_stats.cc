#include "apply/cgroup_stats.h"

#include <algorithm>

#include "base/text.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace apply {
namespace {

// Wherever a controller is; on v2 `name` may be another ("io" of "blkio").
struct Found {
  const CgroupPath* v1 = nullptr;
  const CgroupPath* v2 = nullptr;
};

Found find(const CgroupPaths& paths, std::string_view name_v1, std::string_view name_v2) {
  Found out;
  out.v1 = paths.with_v1(name_v1);
  if (out.v1) return out;
  auto unified = paths.unified();
  if (!unified) return out;
  const auto& names = unified->controllers;
  if (std::find(names.begin(), names.end(), name_v2) != names.end()) out.v2 = unified;
  return out;
}

// The groups of a container, each opened when it is first asked for.
class Groups {
 public:
  // The files of a group; calls nothing if it cannot be opened.
  Status with(const CgroupPath* group, const std::function<void(const ControlFiles&)>& look,
              bool names = false) {
    if (!group) return {};
    auto dir = TRY(open(*group));
    ControlFiles files;
    files.text = [dir](const std::string& file) -> std::optional<std::string> {
      auto text = fs::read_file(dir, file);
      if (!text) return std::nullopt;
      return std::move(text).value();
    };
    if (names) {
      auto listed = TRY(sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
      for (auto& entry : TRY(fs::list_dir(listed))) files.names.push_back(std::move(entry.name));
    }
    look(files);
    return {};
  }

 private:
  Result<FdRef> open(const CgroupPath& group) {
    for (std::size_t i = 0; i < opened_.size(); ++i)
      if (opened_[i] == &group) return FdRef(dirs_[i]);
    dirs_.push_back(TRY(sys::openat(FdRef::cwd(), group.full(), O_PATH | O_DIRECTORY)));
    opened_.push_back(&group);
    return FdRef(dirs_.back());
  }
  std::vector<const CgroupPath*> opened_{};
  std::vector<Fd> dirs_{};
};

Status read_cpu(const CgroupPaths& paths, Groups& groups, CgroupStats& out) {
  auto cpu = find(paths, "cpu", "cpu");
  TRY(groups.with(cpu.v1, [&](auto& files) { cpu_v1(files, out.cpu); }));
  auto account = paths.with_v1("cpuacct");
  TRY(groups.with(account, [&](auto& files) { cpuacct_v1(files, out.cpu); }));
  // Linux 4.15: v2 counts time without the controller, too.
  auto unified = cpu.v1 || account ? nullptr : paths.unified();
  TRY(groups.with(unified, [&](auto& files) { cpu_v2(files, out.cpu); }));
  auto cpuset = find(paths, "cpuset", "cpuset");
  TRY(groups.with(cpuset.v1, [&](auto& files) { cpuset_v1(files, out.cpuset); }));
  return groups.with(cpuset.v2, [&](auto& files) { cpuset_v2(files, out.cpuset); });
}

Status read_memory(const CgroupPaths& paths, Groups& groups, CgroupStats& out) {
  auto memory = find(paths, "memory", "memory");
  TRY(groups.with(memory.v1, [&](auto& files) { memory_v1(files, out.memory); }));
  TRY(groups.with(memory.v2, [&](auto& files) { memory_v2(files, out.memory); }));
  auto hugetlb = find(paths, "hugetlb", "hugetlb");
  TRY(groups.with(
      hugetlb.v1, [&](auto& files) { hugepages_v1(files, out.hugepages); }, true));
  return groups.with(
      hugetlb.v2, [&](auto& files) { hugepages_v2(files, out.hugepages); }, true);
}

Status read_others(const CgroupPaths& paths, Groups& groups, CgroupStats& out) {
  auto pids = find(paths, "pids", "pids");
  TRY(groups.with(pids.v1 ? pids.v1 : pids.v2, [&](auto& files) { pids_stats(files, out.pids); }));
  auto io = find(paths, "blkio", "io");
  TRY(groups.with(io.v1, [&](auto& files) { block_io_v1(files, out.block_io); }));
  TRY(groups.with(io.v2, [&](auto& files) { block_io_v2(files, out.block_io); }));
  return groups.with(paths.unified(), [&](auto& files) { pressure_stats(files, out); });
}

}  // namespace

Result<CgroupStats> cgroup_stats(const CgroupPaths& paths) {
  CgroupStats out;
  Groups groups;
  TRY(read_cpu(paths, groups, out), "cgroup usage");
  TRY(read_memory(paths, groups, out), "cgroup usage");
  TRY(read_others(paths, groups, out), "cgroup usage");
  // Of a group that was removed meanwhile some numbers would be missing.
  for (const auto& group : paths.groups)
    TRY(sys::fstatat(FdRef::cwd(), group.full(), 0), "cgroup usage");
  return out;
}

}  // namespace apply
