#include "plan/hooks.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace plan {
namespace {

// Seconds, as an int of milliseconds can hold them: 24 days.
constexpr std::int32_t kLongestWait = std::numeric_limits<int>::max() / 1000;

std::vector<Hook> list(const std::vector<spec::Hook>& config, std::string_view name,
                       const std::string& folder) {
  std::vector<Hook> out;
  for (const auto& wanted : config) {
    Hook hook;
    hook.what = base::cat("hooks.", name, "[", out.size(), "]");
    hook.path = wanted.path;
    hook.args = wanted.args;
    if (hook.args.empty()) hook.args.push_back(wanted.path);
    hook.env = wanted.env;
    hook.folder = folder;
    if (wanted.timeout) hook.timeout = std::min(*wanted.timeout, kLongestWait) * 1000;
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace

Hooks hooks(const spec::Hooks& config, const std::string& bundle) {
  Hooks out;
  out.prestart = list(config.prestart, "prestart", bundle);
  out.create_runtime = list(config.create_runtime, "createRuntime", bundle);
  out.create_container = list(config.create_container, "createContainer", bundle);
  out.start_container = list(config.start_container, "startContainer", {});
  out.poststart = list(config.poststart, "poststart", bundle);
  out.poststop = list(config.poststop, "poststop", bundle);
  return out;
}

}  // namespace plan
