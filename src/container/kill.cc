#include "container/kill.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "apply/cgroup.h"
#include "apply/freezer.h"
#include "base/named.h"
#include "container/record.h"
#include "container/states.h"
#include "sys/process.h"

namespace container {
namespace {

using base::Named;
using base::Result;
using base::Status;

constexpr std::array<Named<int>, 36> kSignals{
    {{"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"BUS", SIGBUS},       {"CHLD", SIGCHLD},
     {"CLD", SIGCHLD},  {"CONT", SIGCONT}, {"FPE", SIGFPE},       {"HUP", SIGHUP},
     {"ILL", SIGILL},   {"INT", SIGINT},   {"IO", SIGIO},         {"IOT", SIGIOT},
     {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL},     {"PROF", SIGPROF},
     {"PWR", SIGPWR},   {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV},     {"STKFLT", SIGSTKFLT},
     {"STOP", SIGSTOP}, {"SYS", SIGSYS},   {"TERM", SIGTERM},     {"TRAP", SIGTRAP},
     {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},
     {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH},
     {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"UNUSED", SIGSYS},    {"EXIT", 0}}};
constexpr int kFirstRealTime = 34;  // man: signal(7): as glibc counts SIGRTMIN
constexpr int kLastRealTime = 64;

std::optional<int> real_time(std::string_view word) {
  int from = word.starts_with("RTMIN") ? kFirstRealTime : kLastRealTime;
  if (!word.starts_with("RTMIN") && !word.starts_with("RTMAX")) return std::nullopt;
  word.remove_prefix(5);
  if (word.empty()) return from;
  auto offset = base::parse<unsigned char>(word.substr(1));
  if (!offset || (word.front() != '+' && word.front() != '-')) return std::nullopt;
  int signal = word.front() == '+' ? from + *offset : from - *offset;
  if (signal < kFirstRealTime || signal > kLastRealTime) return std::nullopt;
  return signal;
}

// One that ended by itself in between is what was wanted.
Status signal_each(const std::vector<int>& pids, int signal) {
  for (int pid : pids) {
    auto sent = sys::kill(pid, signal);
    if (!sent && sent.error().code() != ESRCH) return sent;
  }
  return {};
}

}  // namespace

Result<int> signal_of(std::string_view word) {
  if (auto number = base::parse<int>(word)) {
    if (*number >= 0 && *number <= kLastRealTime) return *number;
    return base::usage_error("unknown signal ", base::quote(word));
  }
  std::string upper(word);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::string_view name = upper;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (auto signal = base::value_of(kSignals, name)) return *signal;
  if (auto signal = real_time(name)) return *signal;
  return base::usage_error("unknown signal ", base::quote(word));
}

Status kill(const std::string& root, const std::string& id, int signal, bool all) {
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(root, id));
  auto init = TRY(open_init(record.saved, proc));
  const auto& cgroup = record.saved.cgroup;
  if (!init) {
    // compat: with --all what is left behind is signalled all the same (containerd's shim, shared
    // pids)
    if (all) {
      auto left = TRY(apply::processes(cgroup));
      return signal_each(left, signal);
    }
    return base::state_error("container ", id, ": container not running");
  }
  // Without a group only init is known; its pid namespace goes with it.
  bool whole_group = all && !cgroup.groups.empty();
  if (whole_group && signal == SIGKILL) return apply::kill_all(cgroup);
  if (whole_group) {
    auto pids = TRY(apply::processes(cgroup));
    return signal_each(pids, signal);
  }
  auto sent = sys::pidfd_send_signal(*init, signal);
  if (!sent && sent.error().code() == ESRCH)
    return base::state_error("container ", id, ": container not running");
  TRY(std::move(sent));
  // What is frozen does not die before it is thawed.
  if (signal != SIGKILL) return {};
  bool frozen = TRY(apply::frozen(cgroup));
  return frozen ? apply::thaw(cgroup) : Status();
}

Result<std::vector<int>> process_ids(const std::string& root, const std::string& id) {
  auto record = TRY(Record::load(root, id));
  if (!record.saved.cgroup.groups.empty()) return apply::processes(record.saved.cgroup);
  // Without a cgroup (an ordinary user's container) its pid namespace tells who belongs to it.
  auto proc = TRY(fs::Proc::open());
  auto init = TRY(open_init(record.saved, proc));
  if (!init) return std::vector<int>();
  return fs::same_pid_namespace(proc, static_cast<pid_t>(record.saved.pid));
}

}  // namespace container
