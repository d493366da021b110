// The JSON members of the process and of the hooks.
#pragma once
#include "spec/hooks.h"
#include "spec/is.h"
#include "spec/process.h"
#include "spec/words.h"

namespace spec {

void members(auto& f, is<ConsoleSize> auto& x) {
  f.must("height", x.height);
  f.must("width", x.width);
}

void members(auto& f, is<User> auto& x) {
  f.must("uid", x.uid);
  f.must("gid", x.gid);
  f.may("umask", x.umask);
  f.may("additionalGids", x.additional_gids);
}

void members(auto& f, is<Capabilities> auto& x) {
  f.may("bounding", x.bounding);
  f.may("effective", x.effective);
  f.may("inheritable", x.inheritable);
  f.may("permitted", x.permitted);
  f.may("ambient", x.ambient);
}

void members(auto& f, is<Rlimit> auto& x) {
  f.must_word("type", x.type, kRlimitTypes);
  f.must("hard", x.hard);
  f.must("soft", x.soft);
}

void members(auto& f, is<Scheduler> auto& x) {
  f.must_word("policy", x.policy, kSchedulerPolicies);
  f.may("nice", x.nice);
  f.may("priority", x.priority);
  f.may_words("flags", x.flags, kSchedulerFlags);
  f.may("runtime", x.runtime);
  f.may("deadline", x.deadline);
  f.may("period", x.period);
}

void members(auto& f, is<IoPriority> auto& x) {
  f.must_word("class", x.io_class, kIoPriorityClasses);
  f.must("priority", x.priority);
}

void members(auto& f, is<ExecCpuAffinity> auto& x) {
  f.may("initial", x.initial);
  f.may("final", x.final_);
}

void members(auto& f, is<Process> auto& x) {
  f.may("terminal", x.terminal);
  f.may("consoleSize", x.console_size);
  f.may("user", x.user);
  f.may("args", x.args);
  f.may("env", x.env);
  f.must("cwd", x.cwd);
  f.may("capabilities", x.capabilities);
  f.may("rlimits", x.rlimits);
  f.may("noNewPrivileges", x.no_new_privileges);
  f.may("oomScoreAdj", x.oom_score_adj);
  f.may("scheduler", x.scheduler);
  f.may("ioPriority", x.io_priority);
  f.may("execCPUAffinity", x.exec_cpu_affinity);
  f.may("apparmorProfile", x.apparmor_profile);
  f.may("selinuxLabel", x.selinux_label);
}

void members(auto& f, is<Hook> auto& x) {
  f.must("path", x.path);
  f.may("args", x.args);
  f.may("env", x.env);
  f.may("timeout", x.timeout);
}

void members(auto& f, is<Hooks> auto& x) {
  f.may("prestart", x.prestart);
  f.may("createRuntime", x.create_runtime);
  f.may("createContainer", x.create_container);
  f.may("startContainer", x.start_container);
  f.may("poststart", x.poststart);
  f.may("poststop", x.poststop);
}

}  // namespace spec
