#include <limits>

#include "spec/rules.h"

namespace spec {

namespace {
using base::config_error;
using base::quote;
using base::Status;

Status there_is_a_command(const Process& process, std::string_view at) {
  if (process.args.empty()) return config_error(at, "args: must have at least one entry");
  if (process.args.front().empty()) return config_error(at, "args[0]: must not be empty");
  return {};
}

Status directory_is_absolute(const Process& process, std::string_view at) {
  if (is_absolute(process.cwd)) return {};
  return config_error(at, "cwd: must be absolute, got ", quote(process.cwd));
}

Status environment_is_named(const Process& process, std::string_view at) {
  for (std::size_t i = 0; i < process.env.size(); ++i) {
    auto equals = process.env[i].find('=');
    if (equals == std::string::npos || equals == 0)
      return config_error(at, "env[", i, "]: must read NAME=VALUE, got ", quote(process.env[i]));
  }
  return {};
}

// man: ioctl_tty(2): struct winsize counts in unsigned short
Status console_size_fits(const Process& process, std::string_view at) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint16_t>::max();
  if (!process.terminal || !process.console_size) return {};
  if (process.console_size->height > most)
    return config_error(at, "consoleSize.height: must be at most ", most, ", got ",
                        process.console_size->height);
  if (process.console_size->width > most)
    return config_error(at, "consoleSize.width: must be at most ", most, ", got ",
                        process.console_size->width);
  return {};
}

Status resource_limits_are_sound(const Process& process, std::string_view at) {
  const auto& limits = process.rlimits;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    for (std::size_t before = 0; before < i; ++before)
      if (limits[before].type == limits[i].type)
        return config_error(at, "rlimits[", i, "].type: ", quote(limits[i].type),
                            " is given twice");
    if (limits[i].soft > limits[i].hard)
      return config_error(at, "rlimits[", i, "].soft: must not be above hard (", limits[i].hard,
                          "), got ", limits[i].soft);
  }
  return {};
}

// man: proc(5), /proc/[pid]/oom_score_adj
Status oom_score_is_in_range(const Process& process, std::string_view at) {
  if (!process.oom_score_adj) return {};
  if (*process.oom_score_adj >= -1000 && *process.oom_score_adj <= 1000) return {};
  return config_error(at, "oomScoreAdj: must be from -1000 to 1000, got ", *process.oom_score_adj);
}

// man: sched_setattr(2)
Status scheduler_is_coherent(const Process& process, std::string_view at) {
  if (!process.scheduler) return {};
  const auto& s = *process.scheduler;
  auto nice = s.nice.value_or(0);
  if (nice < -20 || nice > 19)
    return config_error(at, "scheduler.nice: must be from -20 to 19, got ", nice);
  auto priority = s.priority.value_or(0);
  bool real_time = s.policy == "SCHED_FIFO" || s.policy == "SCHED_RR";
  if (real_time && (priority < 1 || priority > 99))
    return config_error(at, "scheduler.priority: must be from 1 to 99 for ", s.policy, ", got ",
                        priority);
  if (!real_time && priority != 0)
    return config_error(at, "scheduler.priority: is for SCHED_FIFO and SCHED_RR only, got ",
                        priority);
  auto runtime = s.runtime.value_or(0), deadline = s.deadline.value_or(0);
  auto period = s.period.value_or(0);
  if (s.policy != "SCHED_DEADLINE") {
    if (runtime == 0 && deadline == 0 && period == 0) return {};
    return config_error(at, "scheduler: runtime, deadline and period are for SCHED_DEADLINE only");
  }
  if (runtime == 0 || runtime > deadline || (period != 0 && deadline > period))
    return config_error(at, "scheduler: must have 0 < runtime <= deadline <= period, got ", runtime,
                        ", ", deadline, ", ", period);
  return {};
}

Status io_priority_is_in_range(const Process& process, std::string_view at) {
  if (!process.io_priority) return {};
  auto priority = process.io_priority->priority;
  if (priority >= 0 && priority <= 7) return {};
  return config_error(at, "ioPriority.priority: must be from 0 to 7, got ", priority);
}

Status affinity_names_processors(const Process& process, std::string_view at) {
  if (!process.exec_cpu_affinity) return {};
  const auto& affinity = *process.exec_cpu_affinity;
  if (!is_number_list(affinity.initial))
    return config_error(at, "execCPUAffinity.initial: must be a list such as 0-3,7, got ",
                        quote(affinity.initial));
  if (!is_number_list(affinity.final_))
    return config_error(at, "execCPUAffinity.final: must be a list such as 0-3,7, got ",
                        quote(affinity.final_));
  return {};
}

constexpr Rule<Process> kProcessRules[] = {
    {"config.md#process", there_is_a_command},
    {"config.md#process", directory_is_absolute},
    {"config.md#process", environment_is_named},
    {"config.md#process", console_size_fits},
    {"config.md#posix-process", resource_limits_are_sound},
    {"config.md#linux-process", oom_score_is_in_range},
    {"config.md#linux-process", scheduler_is_coherent},
    {"config.md#linux-process", io_priority_is_in_range},
    {"config.md#linux-process", affinity_names_processors},
};
}  // namespace

Status check_process(const Process& process, std::string_view at) {
  return hold(process, at, kProcessRules);
}

}  // namespace spec
