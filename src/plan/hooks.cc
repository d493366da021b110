#include "plan/hooks.h"

#include "base/text.h"

namespace plan {
namespace {

std::vector<Hook> list(const std::vector<spec::Hook>& config, std::string_view name) {
  std::vector<Hook> out;
  for (const auto& wanted : config) {
    Hook hook;
    hook.what = base::cat("hooks.", name, "[", out.size(), "]");
    hook.path = wanted.path;
    hook.args = wanted.args;
    if (hook.args.empty()) hook.args.push_back(wanted.path);
    hook.env = wanted.env;
    if (wanted.timeout) hook.timeout = *wanted.timeout * 1000;
    out.push_back(std::move(hook));
  }
  return out;
}

}  // namespace

Hooks hooks(const spec::Hooks& config) {
  Hooks out;
  out.prestart = list(config.prestart, "prestart");
  out.create_runtime = list(config.create_runtime, "createRuntime");
  out.create_container = list(config.create_container, "createContainer");
  out.start_container = list(config.start_container, "startContainer");
  out.poststart = list(config.poststart, "poststart");
  out.poststop = list(config.poststop, "poststop");
  return out;
}

}  // namespace plan
