// Host: the facts that planning may depend on, read once by apply/probe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "plan/cgroup_host.h"

namespace plan {

struct Host {
  std::uint32_t uid = 0;  // effective
  std::uint32_t gid = 0;
  // Whether our own user namespace is not the first one.
  bool in_user_namespace = false;
  // One bit for each capability: those that we hold (permitted and bounding), and those that exist.
  std::uint64_t held_capabilities = 0;
  std::uint64_t known_capabilities = 0;
  bool apparmor = false;
  bool selinux = false;
  unsigned seccomp_flags = 0;  // of plan::kSeccompFlags, those that the kernel takes
  CgroupHost cgroup{};

  bool privileged() const { return uid == 0 && !in_user_namespace; }
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
  int preserve_fds = 0;
  bool debug = false;  // warn also of what hardly anyone needs to know
  // Of the caller's own terminal, which the container's is to be as large as from its first moment
  // on.
  std::optional<TerminalSize> terminal_size{};
};

}  // namespace plan
