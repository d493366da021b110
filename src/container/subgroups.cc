#include "container/subgroups.h"

#include <algorithm>

#include "base/text.h"

namespace container {
namespace {

using base::Result;

// "/a//./b/" → "/a/b"; "/" → "".
Result<std::string> tail(std::string_view path, const std::string& option) {
  std::string out;
  for (auto part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..")
      return base::usage_error("--cgroup ", base::quote(option),
                               ": must not lead out of the container's cgroup");
    out += base::cat("/", part);
  }
  return out;
}

bool has(const apply::CgroupPath& group, std::string_view controller) {
  return std::find(group.controllers.begin(), group.controllers.end(), controller) !=
         group.controllers.end();
}

base::Status move_one(apply::CgroupPaths& groups, const apply::CgroupPaths& container,
                      std::string_view controller, const std::string& below,
                      const std::string& option) {
  for (std::size_t i = 0; i < groups.groups.size(); ++i) {
    auto& group = groups.groups[i];
    if (group.v2 || !has(group, controller)) continue;
    if (group.path != container.groups[i].path)
      return base::usage_error("--cgroup ", base::quote(option), ": the hierarchy of ", controller,
                               " was given a path already");
    group.path += below;
    return {};
  }
  return base::usage_error("--cgroup ", base::quote(option), ": there is no v1 hierarchy of ",
                           base::quote(controller));
}

}  // namespace

Result<apply::CgroupPaths> subgroups(apply::CgroupPaths container,
                                     const std::vector<std::string>& wanted) {
  auto out = container;
  for (const auto& option : wanted) {
    auto colon = option.find(':');
    if (colon == std::string::npos) {
      if (wanted.size() > 1)
        return base::usage_error("--cgroup ", base::quote(option),
                                 ": besides others it needs CONTROLLER: in front");
      auto below = TRY(tail(option, option));
      for (auto& group : out.groups) group.path += below;
      continue;
    }
    if (colon == 0)
      return base::usage_error("--cgroup ", base::quote(option), ": names no controller");
    auto below = TRY(tail(std::string_view(option).substr(colon + 1), option));
    for (auto controller : base::split(std::string_view(option).substr(0, colon), ','))
      TRY(move_one(out, container, controller, below, option));
  }
  return out;
}

}  // namespace container
