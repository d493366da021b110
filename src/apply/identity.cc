#include "apply/identity.h"

#include <unistd.h>

#include "apply/program.h"
#include "sys/file.h"

namespace apply {
namespace {

base::Status run_helper(const std::string& name, pid_t pid,
                        const std::vector<std::string>& arguments, const std::string& search_path) {
  for (auto dir : base::split(search_path, ':')) {
    Program program;
    program.path = base::cat(dir, "/", name);
    if (!sys::fstatat(base::FdRef::cwd(), program.path, 0)) continue;
    program.args = {name, base::cat(pid)};
    program.args.insert(program.args.end(), arguments.begin(), arguments.end());
    TRY(run_program(program), name, " ", base::join(arguments, " "));
    return {};
  }
  return base::unsupported(
      name, " is not in PATH, and mapping other ids than one's own needs it (package uidmap)");
}

}  // namespace

base::Status map_identity(const plan::IdentityMaps& plan, pid_t pid, const fs::Proc& proc,
                          const std::string& search_path) {
  if (!plan.needed) return {};
  if (plan.helpers) {
    TRY(run_helper("newuidmap", pid, plan.uid_arguments, search_path), "linux.uidMappings");
    TRY(run_helper("newgidmap", pid, plan.gid_arguments, search_path), "linux.gidMappings");
    return {};
  }
  if (plan.deny_setgroups) TRY(proc.write(base::cat(pid, "/setgroups"), "deny"));
  TRY(proc.write(base::cat(pid, "/uid_map"), plan.uid_map), "linux.uidMappings");
  TRY(proc.write(base::cat(pid, "/gid_map"), plan.gid_map), "linux.gidMappings");
  return {};
}

}  // namespace apply
