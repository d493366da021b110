#include "apply/hooks.h"

#include "apply/program.h"

namespace apply {
namespace {

base::Status run_hook(const plan::Hook& hook, const std::string& state,
                      std::optional<base::FdRef> init) {
  Program program;
  program.path = hook.path;
  program.args = hook.args;
  program.env = hook.env;
  program.folder = hook.folder;
  program.input = state;
  program.timeout = hook.timeout;
  program.needs = init;
  TRY(run_program(program), hook.what, ": ", hook.path);
  return {};
}

}  // namespace

base::Status run_hooks(const std::vector<plan::Hook>& hooks, const std::string& state,
                       std::optional<base::FdRef> init) {
  for (const auto& hook : hooks) TRY(run_hook(hook, state, init));
  return {};
}

std::vector<base::Error> run_all_hooks(const std::vector<plan::Hook>& hooks,
                                       const std::string& state) {
  std::vector<base::Error> out;
  for (const auto& hook : hooks)
    if (auto ran = run_hook(hook, state, {}); !ran) out.push_back(std::move(ran).error());
  return out;
}

}  // namespace apply
