#include "container/update.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "apply/cgroup_update.h"
#include "apply/resctrl.h"
#include "container/group.h"
#include "container/states.h"
#include "fs/files.h"
#include "plan/resctrl.h"
#include "plan/update.h"
#include "spec/read.h"
#include "spec/rules.h"
#include "spec/write.h"
#include "sys/file.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr const char* kLimits = "resources.json";
constexpr std::string_view kAt = "linux.resources.";

Result<std::string> read_document(const std::string& path) {
  if (path == "-") return fs::read_all(FdRef::inherited(0));
  return fs::read_file(FdRef::cwd(), path);
}

Result<spec::Resources> wanted_of(const UpdateOptions& options) {
  const auto& path = options.resources_file;
  if (path.empty()) return options.wanted;
  auto text = TRY(read_document(path), "--resources ", path);
  return TRY(spec::read_resources(text), "--resources ", path);
}

// The hierarchies that the container has a group in.
plan::CgroupHost hierarchies_of(const apply::CgroupPaths& paths) {
  plan::CgroupHost out;
  for (const auto& group : paths.groups) {
    plan::CgroupHierarchy row;
    row.mount = group.mount;
    row.controllers = group.controllers;
    row.v2 = group.v2;
    out.hierarchies.push_back(std::move(row));
  }
  return out;
}

Status check_updatable(const Record& record) {
  auto proc = TRY(fs::Proc::open());
  auto status = TRY(status_of(record, proc));
  if (status == spec::Status::Stopped)
    return base::state_error("container ", record.saved.id, ": container not running");
  if (status == spec::Status::Creating)
    return base::state_error("container ", record.saved.id, ": cannot update a container that is ",
                             spec::word(status));
  return {};
}

Status save_limits(const Record& record, const spec::Resources& limits) {
  return fs::replace_file(record.dir(), kLimits,
                          base::dump(spec::write_resources(limits), 2) + "\n", 0600,
                          fs::Lasting::Run);
}

// The schemata of the container's resctrl group while they are replaced: put back unless kept.
class Schemata {
 public:
  static Result<Schemata> replace(const Record& record, const UpdateOptions& options) {
    Schemata out;
    spec::IntelRdt wanted;
    wanted.l3_cache_schema = options.l3_cache_schema;
    wanted.mem_bw_schema = options.mem_bw_schema;
    auto texts = plan::resctrl_schemata(wanted);
    if (texts.empty()) return out;
    const auto& group = record.saved.resctrl;
    if (!group)
      return base::state_error(
          wanted.l3_cache_schema.empty() ? "--mem-bw-schema" : "--l3-cache-schema",
          ": the container was made without linux.intelRdt, so it has no resctrl group");
    auto path = base::cat(group->mount, '/', group->group, "/schemata");
    auto before = TRY(fs::read_file(FdRef::cwd(), path));
    // Without the last newline: the kernel would take an empty line for a wrong one.
    out.before_ = before.substr(0, before.find_last_not_of('\n') + 1);
    out.group_ = group;
    TRY(apply::write_schemata(*group, texts));
    return out;
  }
  Schemata(Schemata&& o) noexcept
      : group_(std::exchange(o.group_, std::nullopt)), before_(std::move(o.before_)) {}
  Schemata& operator=(Schemata&&) = delete;
  ~Schemata() {
    if (group_) (void)apply::write_schemata(*group_, {before_});
  }
  void keep() { group_.reset(); }

 private:
  Schemata() = default;
  std::optional<apply::ResctrlGroup> group_{};
  std::string before_{};
};

Status update_cgroup(const Record& record, const spec::Resources& wanted) {
  auto stored = TRY(limits_of(record));
  const auto& cgroup = record.saved.cgroup;
  auto planned = TRY(plan::update(stored, wanted, hierarchies_of(cgroup)));
  // The wanted ones may be lawful alone, and not with those that stay.
  TRY(spec::check_resources(planned.in_force, kAt));
  // systemd first: it has the controllers that are needed enabled, and rounds what it writes.
  auto before = TRY(apply::limits_before(cgroup, planned.writes));
  TRY(change_unit(record.saved, planned.writes));
  auto undo = apply::replace_limits(cgroup, planned.writes);
  auto saved = undo ? save_limits(record, planned.in_force) : Status();
  if (undo && saved) return saved;
  (void)change_unit(record.saved, before);
  if (!undo) return std::move(undo).error();
  (void)apply::restore_limits(cgroup, undo.value());
  return std::move(saved).error().in("the old limits are back, since the new ones cannot be kept");
}

}  // namespace

Result<spec::Resources> limits_of(const Record& record) {
  auto text = fs::read_file(record.dir(), kLimits);
  if (text) return TRY(spec::read_resources(text.value()), kLimits);
  if (text.error().code() != ENOENT) return std::move(text).error();
  auto config = TRY(record.config());
  auto resources = TRY(spec::read_config(config), "config.json").linux_.resources;
  return resources.value_or(spec::Resources());
}

Status update(const UpdateOptions& options) {
  auto wanted = TRY(wanted_of(options));
  TRY(spec::check_resources(wanted, kAt));
  auto record = TRY(Record::load(options.root, options.id));
  TRY(record.lock());
  TRY(record.reload());
  TRY(check_updatable(record));
  auto schemata = TRY(Schemata::replace(record, options), "container ", options.id);
  TRY(update_cgroup(record, wanted), "container ", options.id);
  schemata.keep();
  return {};
}

}  // namespace container
