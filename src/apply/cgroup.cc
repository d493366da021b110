#include "apply/cgroup.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "apply/cgroup_enable.h"
#include "apply/cgroup_errors.h"
#include "apply/cgroup_limits.h"
#include "base/kernel.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/bpf.h"
#include "sys/file.h"

namespace apply {

const CgroupPath* CgroupPaths::with_v1(std::string_view controller) const {
  for (const auto& row : groups)
    if (!row.v2 && std::find(row.controllers.begin(), row.controllers.end(), controller) !=
                       row.controllers.end())
      return &row;
  return nullptr;
}

const CgroupPath* CgroupPaths::unified() const {
  for (const auto& row : groups)
    if (row.v2) return &row;
  return nullptr;
}

namespace {

// A group that is being made: the directory reached so far.
struct Making {
  CgroupPath where{};
  Fd dir{};
  std::vector<NotEnabled> failures{};
};

Result<Fd> open_mount(const plan::CgroupDirectory& wanted) {
  auto fd = TRY(sys::openat(FdRef::cwd(), wanted.mount, O_PATH | O_DIRECTORY));
  auto st = TRY(sys::fstatfs(fd));
  // A directory beside the mounts would stay as junk on the tmpfs that holds them.
  auto magic = wanted.v2 ? base::kernel::kCgroup2Magic : base::kernel::kCgroupMagic;
  if (static_cast<long>(st.f_type) != magic)
    return base::state_error(wanted.mount, ": the cgroup hierarchy is no longer mounted here");
  return fd;
}

Status copy_from_parent(FdRef parent, FdRef child, const std::vector<std::string>& files) {
  for (const auto& file : files) {
    auto text = TRY(fs::read_file(parent, file));
    auto words = base::trim(text);
    if (!words.empty()) TRY(fs::write_control(child, file, words));
  }
  return {};
}

// A level that was there may be without them too: whoever made it may never have joined it.
bool is_blank(FdRef dir, const std::vector<std::string>& files) {
  if (files.empty()) return false;
  auto text = fs::read_file(dir, files.front());
  return text && base::trim(text.value()).empty();
}

// One level down: there already, or made.
Status descend(Making& at, const std::string& name, const plan::CgroupDirectory& wanted) {
  enable_controllers(at.dir, at.where.full(), wanted.enable, at.failures);
  auto made = sys::mkdirat(at.dir, name, 0755);
  if (!made && made.error().code() != EEXIST) return made;
  // Only the last levels count: what is above a level that was there is not ours.
  at.where.made = made ? at.where.made + 1 : 0;
  at.where.path += "/" + name;
  auto dir = TRY(sys::openat(at.dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (made || is_blank(dir, wanted.copy_down)) TRY(copy_from_parent(at.dir, dir, wanted.copy_down));
  at.dir = std::move(dir);
  return {};
}

// spec: config-linux.md#control-groups: a group that holds processes or is frozen is not fit.
Status check_unused(const Making& at) {
  auto where = at.where.full();
  auto in_use = [&](std::string_view why) {
    return base::state_error("linux.cgroupsPath: the cgroup ", where, " is there and ", why);
  };
  if (at.where.v2) {
    auto events = TRY(fs::read_file(at.dir, "cgroup.events"), where);
    if (events.find("populated 1") != events.npos) return in_use("holds processes");
    auto freeze = TRY(fs::read_file(at.dir, "cgroup.freeze"), where);
    if (base::trim(freeze) != "0") return in_use("is frozen");
    return {};
  }
  auto members = TRY(fs::read_file(at.dir, "cgroup.procs"), where);
  if (!members.empty()) return in_use("holds processes");
  if (auto state = fs::read_file(at.dir, "freezer.state"))
    if (base::trim(state.value()) != "THAWED") return in_use("is frozen");
  return {};
}

// The member of the configuration that wants this controller.
std::string what_needs(std::string_view controller, const std::vector<plan::CgroupWrite>& writes) {
  for (const auto& write : writes)
    if (write.controller == controller) return write.what;
  return "linux.resources";
}

// spec: config-linux.md#unified: a controller that cannot be enabled is an error
Status check_enabled(const Making& at, const plan::CgroupDirectory& wanted,
                     const std::vector<plan::CgroupWrite>& writes) {
  if (wanted.required.empty()) return {};
  auto text = TRY(fs::read_file(at.dir, "cgroup.controllers"), at.where.full());
  auto there = base::words(text);
  for (const auto& name : wanted.required)
    if (std::find(there.begin(), there.end(), name) == there.end()) {
      auto failure = failure_of(at.failures, name);
      return base::system_error(what_needs(name, writes), ": the cgroup controller ", name,
                                " cannot be enabled for ", at.where.full(), failure ? ": " : "",
                                failure ? failure->text : std::string());
    }
  return {};
}

// Makes the group, level by level where each level needs something, else the last level at once.
Status make_levels(Making& at, const plan::CgroupDirectory& wanted,
                   const std::vector<plan::CgroupWrite>& writes) {
  if (wanted.copy_down.empty() && wanted.enable.empty()) {
    auto below = wanted.path.substr(1);
    if (sys::mkdirat(at.dir, below, 0755)) {
      at.where.path = wanted.path;
      at.where.made = 1;
      at.dir = TRY(sys::openat(at.dir, below, O_PATH | O_DIRECTORY | O_NOFOLLOW));
      return {};
    }
  }
  for (auto name : base::split(std::string_view(wanted.path).substr(1), '/'))
    TRY(descend(at, std::string(name), wanted));
  if (at.where.made == 0 && !wanted.by_systemd) TRY(check_unused(at));
  return check_enabled(at, wanted, writes);
}

Status attach_devices(FdRef group, const plan::CgroupPlan& plan) {
  auto former = TRY(sys::bpf_device_filters(group));
  auto bytes = std::as_bytes(std::span(plan.device_program));
  auto program = TRY(sys::bpf_load_device_filter(bytes));
  TRY(sys::bpf_attach_device_filter(group, program));
  // Of a group that was there already: ours takes the place of what it had.
  for (auto id : former) {
    auto old = TRY(sys::bpf_program(id));
    TRY(sys::bpf_detach_device_filter(group, old));
  }
  return {};
}

Status attach_devices(std::span<const OpenGroup> groups, const plan::CgroupPlan& plan) {
  for (const auto& group : groups) {
    if (plan.device_program.empty() || group.where.mount != plan.device_mount) continue;
    auto done = attach_devices(group.dir, plan);
    if (!done && !(plan.device_program_optional && is_denial(done.error())))
      return std::move(done).error().in(base::cat("linux.resources.devices: ", group.where.full()));
  }
  return {};
}

}  // namespace

MadeCgroup::MadeCgroup(MadeCgroup&& o) noexcept
    : paths_(std::exchange(o.paths_, {})),
      directories_(std::exchange(o.directories_, {})),
      kept_(o.kept_) {}

MadeCgroup& MadeCgroup::operator=(MadeCgroup&& o) noexcept {
  std::swap(paths_, o.paths_);
  std::swap(directories_, o.directories_);
  std::swap(kept_, o.kept_);
  return *this;
}

MadeCgroup::~MadeCgroup() {
  directories_.clear();
  if (!kept_) (void)remove_cgroup(paths_);
}

Result<MadeCgroup> make_cgroup(const plan::CgroupPlan& plan) {
  MadeCgroup out;
  for (const auto& wanted : plan.directories) {
    Making at;
    at.dir = TRY(open_mount(wanted), "linux.cgroupsPath");
    at.where.mount = wanted.mount;
    at.where.v2 = wanted.v2;
    at.where.controllers = wanted.controllers;
    auto done = make_levels(at, wanted, plan.writes);
    // Kept before its failure is looked at, so that half a group is undone too.
    out.paths_.groups.push_back(std::move(at.where));
    out.directories_.push_back(std::move(at.dir));
    if (done) continue;
    if (plan.best_effort && is_denial(done.error())) {
      CgroupPaths half;
      half.groups.push_back(std::move(out.paths_.groups.back()));
      out.paths_.groups.pop_back();
      out.directories_.pop_back();
      (void)remove_cgroup(half);
      continue;
    }
    auto context = base::cat("make cgroup ", wanted.mount, wanted.path);
    if (plan.rootless && is_denial(done.error()))
      context += " (it has to be below a cgroup that is delegated to this user)";
    return std::move(done).error().in(context);
  }
  std::vector<OpenGroup> groups;
  for (std::size_t i = 0; i < out.directories_.size(); ++i)
    groups.push_back({out.paths_.groups[i], out.directories_[i]});
  TRY(attach_devices(groups, plan));
  TRY(write_all_limits(groups, plan.writes));
  return out;
}

}  // namespace apply
