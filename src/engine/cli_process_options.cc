#include <CLI/CLI.hpp>

#include "engine/cli_make_options.h"

namespace engine {

void add_process_options(CLI::App* command, ProcessWishes& process) {
  OptionGroup add(command, "Process");
  add.many("-e,--env", process.env, "NAME[=VALUE]",
           "add to its environment; without a value: as it is here");
  add.many("--env-file", process.env_files, "FILE", "the same, from the lines of a file");
  add.one("-u,--user", process.user, "USER[:GROUP]", "who it runs as, by name or number");
  add.many("--group-add", process.groups, "GROUP", "another group that it is in");
  add.one("-w,--workdir", process.workdir, "DIRECTORY", "where in the container it starts");
  add.one("--entrypoint", process.entrypoint, "PROGRAM", "instead of the image's; \"\" for none");
  add.flag("--init", process.init, "a small init starts it, passes on signals, and reaps");
  add.many("--ulimit", process.ulimits, "NAME=SOFT[:HARD]", "a resource limit, such as nofile=64");
  add.one("--oom-score-adj", process.oom_score_adj, "NUMBER",
          "how gladly it is killed for want of memory, -1000 to 1000");
}

void add_security_options(CLI::App* command, ProcessWishes& process) {
  OptionGroup add(command, "Security");
  add.flag("--privileged", process.privileged, "all capabilities and devices; nothing hidden");
  add.many("--cap-add", process.cap_add, "CAPABILITY", "give it this one, or ALL");
  add.many("--cap-drop", process.cap_drop, "CAPABILITY", "take this one, or ALL");
  add.many("--security-opt", process.security, "NAME[=VALUE]",
           "no-new-privileges, seccomp=, apparmor=, label=, mask=, unmask=, systempaths=");
}

void add_namespace_options(CLI::App* command, NamespaceWishes& namespaces) {
  OptionGroup add(command, "Namespaces");
  add.one("-h,--hostname", namespaces.hostname, "NAME", "its host name (default: its id)");
  add.one("--domainname", namespaces.domainname, "NAME", "its NIS domain name");
  add.one("--pid", namespaces.pid, "WHOSE", "process ids: private, host or container:NAME");
  add.one("--ipc", namespaces.ipc, "WHOSE", "private, shareable, none, host or container:NAME");
  add.one("--uts", namespaces.uts, "WHOSE", "host and domain name: private or host");
  add.one("--cgroupns", namespaces.cgroup, "WHOSE", "view of cgroups: private or host");
  add.one("--userns", namespaces.userns, "WHOSE", "users: host");
  add.one("--cgroup-parent", namespaces.cgroup_parent, "PATH", "the cgroup that its own is in");
  add.many("--sysctl", namespaces.sysctls, "NAME=VALUE", "a setting of its namespaces");
}

}  // namespace engine
