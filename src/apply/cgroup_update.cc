#include "apply/cgroup_update.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "apply/cgroup_enable.h"
#include "apply/cgroup_limits.h"
#include "base/text.h"
#include "fs/files.h"
#include "plan/cgroup_undo.h"
#include "sys/file.h"

namespace apply {
namespace {

using plan::CgroupWrite;

Status enable(const CgroupPath& group, const CgroupWrite& write) {
  std::vector<NotEnabled> failures;
  auto path = group.mount;
  for (auto part : base::split(std::string_view(group.path).substr(1), '/')) {
    auto level = TRY(sys::openat(FdRef::cwd(), path, O_PATH | O_DIRECTORY));
    enable_controllers(level, path, {write.controller}, failures);
    path += base::cat('/', part);
  }
  if (failures.empty()) return {};
  return base::Error(base::Kind::System, failures.front().code,
                     base::cat(write.what, ": the cgroup controller ", write.controller,
                               " cannot be enabled for ", path, ": ", failures.front().text));
}

Status enable_missing(const OpenGroups& open, const std::vector<CgroupWrite>& writes) {
  std::string enabled;
  for (const auto& write : writes) {
    auto group = open.at(write.mount);
    if (!group || !group->where.v2 || write.controller.empty() || write.controller == enabled)
      continue;
    auto text = TRY(fs::read_file(group->dir, "cgroup.controllers"), group->where.full());
    auto there = base::words(text);
    if (std::find(there.begin(), there.end(), write.controller) == there.end())
      TRY(enable(group->where, write));
    enabled = write.controller;
  }
  return {};
}

// The write that puts back what this one is about to replace; none where the file cannot be read.
std::optional<CgroupWrite> undo_of(const OpenGroups& open, const CgroupWrite& write) {
  auto group = open.at(write.mount);
  if (!group) return std::nullopt;
  CgroupWrite out = write;
  auto before = fs::read_file(group->dir, write.file);
  if (!before && before.error().code() == ENOENT && !write.otherwise_file.empty()) {
    out.file = write.otherwise_file;
    out.text = write.otherwise_text;
    before = fs::read_file(group->dir, out.file);
  }
  if (!before) return std::nullopt;
  auto text = plan::text_before(out.file, out.text, before.value());
  if (!text) return std::nullopt;
  out.text = *std::move(text);
  out.otherwise_file.clear();
  out.otherwise_text.clear();
  out.check_usage = false;
  return out;
}

// In the order in which they are to be written: the last one first.
std::vector<CgroupWrite> undo_of_all(const OpenGroups& open,
                                     const std::vector<CgroupWrite>& writes) {
  std::vector<CgroupWrite> out;
  for (const auto& write : writes) {
    if (write.file == "cpu.idle") {
      // Shares are lost while a group is idle, and refused then.
      CgroupWrite shares = write;
      auto group = open.at(write.mount);
      shares.file = group && group->where.v2 ? "cpu.weight" : "cpu.shares";
      shares.tolerate = {EINVAL, ENOENT};
      if (auto undo = undo_of(open, shares)) out.push_back(*std::move(undo));
    }
    if (auto undo = undo_of(open, write)) out.push_back(*std::move(undo));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// cpu.idle changes the shares behind our back: they are compared only when it is their turn.
Status put_back(const OpenGroups& open, const std::vector<CgroupWrite>& undo) {
  std::vector<CgroupWrite> changed;
  bool idle = false;
  for (const auto& write : undo) {
    auto now = undo_of(open, write);
    bool same = now && now->text == write.text;
    if (same && !(idle && write.file.starts_with("cpu."))) continue;
    idle = idle || write.file == "cpu.idle";
    changed.push_back(write);
  }
  return write_all_limits(open.groups, changed);
}

}  // namespace

Result<std::vector<CgroupWrite>> replace_limits(const CgroupPaths& paths,
                                                const std::vector<CgroupWrite>& writes) {
  auto open = TRY(open_groups(paths, writes));
  TRY(enable_missing(open, writes));
  auto undo = undo_of_all(open, writes);
  auto done = write_all_limits(open.groups, writes);
  if (done) return undo;
  auto restored = put_back(open, undo);
  auto& error = done.error();
  if (restored) return std::move(done).error();
  return base::Error(
      error.kind(), error.code(),
      base::cat(error.text(), "; nor could the old limits be put back: ", restored.error().text()));
}

Result<std::vector<CgroupWrite>> limits_before(const CgroupPaths& paths,
                                               const std::vector<CgroupWrite>& writes) {
  auto open = TRY(open_groups(paths, writes));
  return undo_of_all(open, writes);
}

Status restore_limits(const CgroupPaths& paths, const std::vector<CgroupWrite>& undo) {
  auto open = TRY(open_groups(paths, undo));
  return put_back(open, undo);
}

}  // namespace apply
