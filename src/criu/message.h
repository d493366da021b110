// What is said to criu and what it answers, as values, and the bytes of both.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace criu {

enum class Task { Dump, PreDump, Restore };
enum class CgroupMode { Ignore, Soft, Full, Strict };
enum class NetworkLock { Iptables, Nftables, Skip };

// Two texts that belong together; what they are is said where they are used.
struct Pair {
  std::string key{};
  std::string value{};
  friend bool operator==(const Pair&, const Pair&) = default;
};
// A descriptor, by its number in criu, that takes the place of a file of the image.
struct Inherited {
  std::string key{};
  int number = -1;
  friend bool operator==(const Inherited&, const Inherited&) = default;
};
struct PageServer {
  std::string address{};
  int port = 0;
  friend bool operator==(const PageServer&, const PageServer&) = default;
};

// What whoever checkpoints or restores chooses, and criu alone needs to understand.
struct Choices {
  std::optional<PageServer> page_server{};
  std::uint32_t empty_namespaces = 0;  // CLONE_NEWNET
  std::optional<CgroupMode> cgroup_mode{};
  std::optional<NetworkLock> network_lock{};
  std::string lsm_profile{};
  std::string lsm_mount_context{};
  bool leave_running = false;
  bool external_unix_sockets = false;
  bool tcp_established = false;
  bool tcp_skip_in_flight = false;
  bool tcp_close = false;
  bool shell_job = false;
  bool file_locks = false;
  bool link_remap = false;
  bool track_memory = false;
  bool auto_dedup = false;
  bool lazy_pages = false;
};

// Directories are numbers of descriptors in the process that made the socket: criu opens them
// through its /proc.
struct Request : Choices {
  Task task = Task::Dump;
  int images = -1;
  int work = -1;  // -1: the images' directory
  std::string log_file{};
  std::string root{};  // of the container, on the host; a mount, when restoring
  int pid = 0;         // to dump
  std::string config_file{};
  std::string parent_images{};          // relative to the images
  std::string freezer{};                // directory of a group to freeze
  std::vector<std::string> external{};  // "net[4026531992]:name": is not dumped
  std::vector<Pair> mounts{};           // dump: place → name; restore: name → host path
  std::vector<Pair> cgroup_roots{};     // controller (empty: version 2) → path
  std::vector<Pair> joined{};           // kind of namespace → file
  std::vector<Inherited> inherited{};
};

struct Version {
  int parts[3] = {0, 0, 0};
  friend auto operator<=>(const Version&, const Version&) = default;
};
// What criu finds this kernel able to do.
struct Features {
  bool tracks_memory = false;
  bool lazy_pages = false;
};

struct Answer {
  bool notice = false;  // criu waits for confirm(); else the last word
  bool success = false;
  std::string script{};     // of a notice: "post-restore" and the like
  int pid = 0;              // of the restored root process, in a notice or the last word
  int code = 0;             // errno of a failure, or 0
  std::string complaint{};  // the first error that criu met
  std::optional<Version> version{};
  std::optional<Features> features{};
};

std::string write_request(const Request& request);
// The answers to these leave the conversation open.
std::string ask_version();
std::string ask_features();
// After a notice: whether to go on.
std::string confirm(bool success);
base::Result<Answer> read_answer(std::string_view bytes);

}  // namespace criu
