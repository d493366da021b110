// Host: the facts that planning may depend on, read once by apply/probe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "plan/cgroup_host.h"
#include "plan/unit.h"

namespace plan {

struct Host {
  std::uint32_t uid = 0;  // effective
  std::uint32_t gid = 0;
  // Whether our own user namespace is not the first one.
  bool in_user_namespace = false;
  // One bit for each capability: those that we hold (permitted and bounding), and those that exist.
  std::uint64_t held_capabilities = 0;
  std::uint64_t known_capabilities = 0;
  unsigned securebits = 0;  // man: capabilities(7)
  bool apparmor = false;
  bool selinux = false;
  unsigned seccomp_flags = 0;  // of plan::kSeccompFlags, those that the kernel takes
  // Where resctrl is mounted; looked for only when the configuration wants it (spec:
  // config-linux.md#intelrdt: must not be touched otherwise).
  std::string resctrl{};
  CgroupHost cgroup{};
  // Asked for only with Request::systemd_cgroup.
  std::optional<SystemdHost> systemd{};

  bool privileged() const { return uid == 0 && !in_user_namespace; }
  bool holds(int capability) const { return held_capabilities >> capability & 1; }
};

struct TerminalSize {
  unsigned short rows = 0;
  unsigned short columns = 0;
  friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};

// What the command line asks for besides the configuration.
struct Request {
  std::string id{};
  std::string bundle{};  // absolute
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool systemd_cgroup = false;
  bool no_cgroup = false;  // the container stays in the caller's groups
  int listening_fds = 0;   // the first of those: sockets of systemd's protocol
  int preserve_fds = 0;    // descriptors 3 to 2+N of the caller
  bool debug = false;      // warn also of what hardly anyone needs to know
  bool relayed = false;    // a terminal's output goes through us, to wherever ours goes
  // Of the caller's own terminal, which the container's is to be as large as from its first moment
  // on.
  std::optional<TerminalSize> terminal_size{};
};

}  // namespace plan
