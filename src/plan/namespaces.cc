#include "plan/namespaces.h"

#include <linux/capability.h>
#include <linux/sched.h>

#include <algorithm>

namespace plan {
namespace {

void add_offset(std::string_view clock, const std::optional<spec::TimeOffset>& offset,
                std::string& text) {
  // man: time_namespaces(7): "clock seconds nanoseconds", a line each
  if (offset) text += base::cat(clock, " ", offset->secs, " ", offset->nanosecs, "\n");
}

}  // namespace

std::uint64_t namespace_flag(spec::NamespaceType type) {
  switch (type) {
    case spec::NamespaceType::Mount:
      return CLONE_NEWNS;
    case spec::NamespaceType::Pid:
      return CLONE_NEWPID;
    case spec::NamespaceType::Network:
      return CLONE_NEWNET;
    case spec::NamespaceType::Uts:
      return CLONE_NEWUTS;
    case spec::NamespaceType::Ipc:
      return CLONE_NEWIPC;
    case spec::NamespaceType::User:
      return CLONE_NEWUSER;
    case spec::NamespaceType::Cgroup:
      return CLONE_NEWCGROUP;
    case spec::NamespaceType::Time:
      return CLONE_NEWTIME;
  }
  return 0;
}

bool Namespaces::joins(std::uint64_t flag) const {
  return std::any_of(join.begin(), join.end(), [&](const Join& j) { return j.flag == flag; });
}

base::Result<Namespaces> namespaces(const spec::Linux& config, const Host& host) {
  Namespaces out;
  for (std::size_t i = 0; i < config.namespaces.size(); ++i) {
    const auto& wanted = config.namespaces[i];
    auto flag = namespace_flag(wanted.type);
    if (!wanted.path.empty()) {
      Join join;
      join.flag = flag;
      join.path = wanted.path;
      join.what = base::cat("linux.namespaces[", i, "]");
      out.join.push_back(std::move(join));
    } else if (flag == CLONE_NEWCGROUP) {
      out.create_cgroup = true;
    } else if (flag == CLONE_NEWTIME) {
      out.create_time = true;
    } else {
      out.create |= flag;
    }
  }
  bool made = out.create != 0 || out.create_cgroup || out.create_time;
  bool may = host.privileged() || host.holds(CAP_SYS_ADMIN);
  if (made && !may && !out.has(CLONE_NEWUSER))
    return base::unsupported(
        "linux.namespaces: without CAP_SYS_ADMIN new namespaces can only be made ",
        "together with a user namespace, and there is none");
  // A privileged runtime may join anything now, and after entering a user namespace only what that
  // one owns; another gains its rights only by entering. The mount namespace comes last: with it
  // the paths of the host are gone.
  auto rank = [&](const Join& join) {
    if (join.flag == CLONE_NEWNS) return 2;
    if (join.flag == CLONE_NEWUSER) return host.privileged() ? 3 : 0;
    return 1;
  };
  std::stable_sort(out.join.begin(), out.join.end(),
                   [&](const Join& a, const Join& b) { return rank(a) < rank(b); });
  add_offset("monotonic", config.monotonic, out.time_offsets);
  add_offset("boottime", config.boottime, out.time_offsets);
  if (!out.time_offsets.empty() && !out.create_time)
    return base::config_error("linux.timeOffsets: needs a new time namespace in linux.namespaces");
  return out;
}

}  // namespace plan
