// Starts init: one clone3, or through a short-lived stage process when namespaces are joined or a
// time namespace needs its offsets first.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "fs/proc.h"
#include "plan/namespaces.h"

namespace container {

// A process of ours that waits: killed and reaped by the destructor unless kept.
class Child {
 public:
  Child() = default;
  Child(pid_t pid, base::Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(Child&&) = default;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  base::FdRef pidfd() const { return pidfd_; }
  void keep() { kept_ = true; }

 private:
  pid_t pid_ = 0;
  base::Fd pidfd_{};
  bool kept_ = false;
};

// What the stage process opens nothing for: every file is open before the clone.
struct Joined {
  base::Fd file{};
  std::uint64_t flag = 0;  // CLONE_NEW…
  std::string what{};
};
// Opens the namespaces to join and checks that each is one of its kind.
base::Result<std::vector<Joined>> open_namespaces(const plan::Namespaces& plan);

struct SpawnRequest {
  std::uint64_t create = 0;        // CLONE_NEW… of the new process
  std::span<const Joined> join{};  // by the stage, in this order
  bool create_time = false;        // by the stage
  std::string time_offsets{};
  std::optional<base::FdRef> cgroup{};  // cgroup2 group of the new process, and of the stage
  // It was made just now, so that cgroup.kill was never written there; see spawn.cc.
  bool new_cgroup = false;
  // What comes first of all, still in the runtime's namespaces: entering the v1 groups. By the
  // stage if there is one, since children inherit them.
  std::function<base::Status()> enter{};
  // The last moment before a process of the joined namespaces can see the new one: by the stage,
  // whose channel it is given.
  std::function<base::Status(base::FdRef channel)> hide{};
  std::vector<bool> affinity{};  // of the new process; empty: unchanged
};

// What the new process does, which never returns: with the error of `enter`, if that failed, to
// report.
using Body = std::function<void(base::Status entered)>;

// The new process is our child in any case.
// man: clone(2), CLONE_PARENT; time_namespaces(7); setns(2)
base::Result<Child> spawn(const SpawnRequest& request, const fs::Proc& proc, const Body& body);

}  // namespace container
