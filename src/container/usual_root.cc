#include "container/usual_root.h"

#include "apply/probe.h"
#include "base/text.h"
#include "sys/identity.h"

namespace container {
namespace {

bool in_user_namespace() {
  auto proc = fs::Proc::open();
  if (!proc) return false;
  auto inside = apply::in_user_namespace(proc.value());
  return inside && inside.value();
}

}  // namespace

std::string usual_root(const Caller& caller) {
  bool root = caller.uid == 0 &&
              (!caller.in_user_namespace || caller.runtime_dir.empty() || caller.user == "root");
  if (root) return "/run/coracle";
  return caller.runtime_dir.empty() ? base::cat("/run/user/", caller.uid, "/coracle")
                                    : caller.runtime_dir + "/coracle";
}

std::string usual_root(std::string runtime_dir, std::string user) {
  Caller caller;
  caller.uid = sys::geteuid();
  caller.runtime_dir = std::move(runtime_dir);
  caller.in_user_namespace = !caller.runtime_dir.empty() && in_user_namespace();
  caller.user = std::move(user);
  return usual_root(caller);
}

}  // namespace container
