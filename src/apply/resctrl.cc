#include "apply/resctrl.h"

#include <fcntl.h>

#include <cerrno>

#include "base/text.h"
#include "fs/files.h"
#include "fs/mountinfo.h"
#include "sys/file.h"

namespace apply {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::string_view kWhat = "linux.intelRdt";
constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;

Result<Fd> open_mount(const std::string& mount) {
  return sys::openat(FdRef::cwd(), mount, O_PATH | O_DIRECTORY);
}

Result<Fd> open_group(const ResctrlGroup& group) {
  auto mount = TRY(open_mount(group.mount));
  if (group.group.empty()) return mount;
  return sys::openat(mount, group.group, kDirectory);
}

std::string full(const ResctrlGroup& group) {
  return group.group.empty() ? group.mount : base::cat(group.mount, "/", group.group);
}

// The kernel has more to say of what it has just refused than an errno.
base::Error explain(const ResctrlGroup& group, base::Error error) {
  auto text = fs::read_file(FdRef::cwd(), group.mount + "/info/last_cmd_status");
  auto reason = text ? base::trim(text.value()) : std::string_view();
  auto context = base::cat(kWhat, ": ", full(group));
  if (!reason.empty() && reason != "ok") context += base::cat(" (", reason, ")");
  return std::move(error).in(context);
}

Status make_group(const plan::ResctrlPlan& plan, ResctrlGroup& undo) {
  auto mount = TRY(open_mount(plan.mount), kWhat);
  if (plan.group.empty()) return {};
  auto there = sys::fstatat(mount, plan.group, AT_SYMLINK_NOFOLLOW);
  if (!there && there.error().code() == ENOENT && plan.must_exist)
    return base::config_error(kWhat, ".closID: there is no group ", base::quote(plan.group), " in ",
                              plan.mount, ", and no schema is given to make one with");
  if (there) return {};
  auto made = sys::mkdirat(mount, plan.group, 0755);
  if (!made && made.error().code() == EEXIST) return {};
  if (!made) return explain(undo, std::move(made).error());
  undo.made = true;
  return {};
}

Status compare(const plan::ResctrlPlan& plan, const ResctrlGroup& group) {
  if (plan.schemata.empty()) return {};
  auto dir = TRY(open_group(group), kWhat);
  auto present = TRY(fs::read_file(dir, "schemata"), kWhat, ": ", full(group));
  for (const auto& text : plan.schemata)
    if (auto line = plan::resctrl_difference(present, text))
      return base::state_error(kWhat, ": the group ", base::quote(full(group)),
                               " is there and does not have ", base::quote(*line));
  return {};
}

Status make_monitor(const plan::ResctrlPlan& plan, ResctrlGroup& undo) {
  if (plan.monitor.empty()) return {};
  auto dir = TRY(open_group(undo), kWhat);
  auto made = sys::mkdirat(dir, "mon_groups/" + plan.monitor, 0755);
  if (!made) return explain(undo, std::move(made).error().in("enableMonitoring"));
  undo.monitor = plan.monitor;
  return {};
}

Status write_tasks(const ResctrlGroup& group, const std::string& file, pid_t pid) {
  auto dir = TRY(open_group(group), kWhat);
  auto written = fs::write_control(dir, file, base::cat(pid));
  if (!written) return explain(group, std::move(written).error());
  return {};
}

Status remove_dir(FdRef dir, const std::string& name) {
  auto removed = sys::unlinkat(dir, name, AT_REMOVEDIR);
  if (!removed && removed.error().code() != ENOENT) return removed;
  return {};
}

}  // namespace

Result<std::string> resctrl_mount() {
  std::string out;
  // The whole file system, and of several mounts upon each other the one on top.
  for (const auto& row : TRY(fs::read_mountinfo()))
    if (row.type == "resctrl" && row.root == "/") out = row.mount_point;
  return out;
}

MadeResctrl::MadeResctrl(MadeResctrl&& o) noexcept
    : group_(std::move(o.group_)), undo_(std::exchange(o.undo_, {})) {}

MadeResctrl::~MadeResctrl() {
  if (!undo_.mount.empty()) (void)remove_resctrl(undo_);
}

ResctrlGroup foresee_resctrl(const plan::ResctrlPlan& plan) {
  ResctrlGroup out;
  out.mount = plan.mount;
  out.group = plan.group;
  bool root = plan.group.empty();
  auto path = full(out);
  out.made = !plan.lasting && !root && !sys::fstatat(FdRef::cwd(), path, AT_SYMLINK_NOFOLLOW);
  if (!plan.monitor.empty() &&
      !sys::fstatat(FdRef::cwd(), base::cat(path, "/mon_groups/", plan.monitor),
                    AT_SYMLINK_NOFOLLOW))
    out.monitor = plan.monitor;
  return out;
}

Result<MadeResctrl> make_resctrl(const std::optional<plan::ResctrlPlan>& plan) {
  MadeResctrl out;
  if (!plan) return out;
  out.undo_.mount = plan->mount;
  out.undo_.group = plan->group;
  TRY(make_group(*plan, out.undo_));
  if (out.undo_.made)
    TRY(write_schemata(out.undo_, plan->schemata));
  else
    TRY(compare(*plan, out.undo_));
  TRY(make_monitor(*plan, out.undo_));
  out.group_ = out.undo_;
  out.group_.made = out.undo_.made && !plan->lasting;
  return out;
}

Status join(const std::optional<ResctrlGroup>& group, pid_t pid) {
  if (!group) return {};
  TRY(write_tasks(*group, "tasks", pid));
  // Only what is in the group can be in one of its groups for monitoring.
  if (group->monitor.empty()) return {};
  return write_tasks(*group, base::cat("mon_groups/", group->monitor, "/tasks"), pid);
}

Status write_schemata(const ResctrlGroup& group, const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  auto dir = TRY(open_group(group), kWhat);
  auto file = TRY(sys::openat(dir, "schemata", O_WRONLY), kWhat, ": ", full(group));
  for (const auto& text : texts) {
    // Each text in one write, which the kernel takes as a whole; without a newline it takes none.
    auto written = sys::write(file, text + "\n");
    if (!written) return explain(group, std::move(written).error().in(base::quote(text)));
  }
  return {};
}

Status remove_resctrl(const ResctrlGroup& group) {
  if (group.mount.empty() || (!group.made && group.monitor.empty())) return {};
  auto opened = open_group(group);
  if (!opened && opened.error().code() == ENOENT) return {};
  auto dir = TRY(std::move(opened), kWhat);
  if (!group.monitor.empty())
    TRY(remove_dir(dir, "mon_groups/" + group.monitor), kWhat, ": ", full(group));
  if (!group.made) return {};
  auto mount = TRY(open_mount(group.mount), kWhat);
  return remove_dir(mount, group.group);
}

}  // namespace apply
