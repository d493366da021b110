// What is known of a container from one command to the next: DATA/containers/ID/engine.json.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace engine {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Creating: `create` is at it, or died. Restarting: its policy will start it again soon.
enum class Phase { Creating, Created, Running, Paused, Restarting, Exited };
std::string_view word(Phase phase);

// compat: docker run --restart
enum class RestartPolicy { No, OnFailure, Always, UnlessStopped };
struct Restart {
  RestartPolicy policy = RestartPolicy::No;
  std::uint32_t most = 0;  // of OnFailure: how often; 0: always
};

// A port of the host that leads to one of the container.
struct Port {
  std::string host_ip{};   // empty: any
  std::uint16_t host = 0;  // 0: a free one is to be found, when the container starts
  std::uint16_t container = 0;
  std::string protocol = "tcp";  // tcp, udp
  friend bool operator==(const Port&, const Port&) = default;
};

// A network that the container is to be in. Names: how others in it find this one, besides its name
// and id.
struct NetworkWish {
  std::string network{};
  std::vector<std::string> aliases{};
  std::string ip{};  // empty: any that is free
  std::string mac{};
};

// How its network namespace comes about. Own: a new one, in the networks of `networks` (none: only
// a loopback). Host: the host's. Container: that of another one, by id. User: an ordinary user's
// way out, by slirp4netns or pasta, as `program` says.
enum class NetworkMode { Own, Host, Container, User };
struct NetworkSetup {
  NetworkMode mode = NetworkMode::Own;
  std::string container{};
  std::string program{};
  std::vector<NetworkWish> networks{};
  std::vector<Port> ports{};
  std::vector<std::string> dns{};  // name servers; none: the host's
  std::vector<std::string> dns_search{};
  std::vector<std::string> dns_options{};
  Pairs extra_hosts{};  // name, address
};

// One interface as it was made: what undoes it, and what peers are told.
struct Attachment {
  std::string network{};
  std::string interface {};
  std::vector<std::string> addresses{};  // "10.88.0.2/16"
  std::string gateway{};
  std::string mac{};
  std::string result{};  // what the last plugin answered, JSON
  std::string config{};  // the network's configuration at that time, JSON
};

// A namespace of another container ("pid", "ipc", "network"), joined at each start.
struct Join {
  std::string type{};
  std::string container{};  // id
};

// A mounted volume. anonymous: made for this container, goes with it where that is asked for.
struct VolumeUse {
  std::string name{};
  std::string destination{};
  bool read_only = false;
  bool anonymous = false;
};

// A process that we may meet again: pids pass on to others.
struct ProcessId {
  std::int64_t pid = 0;          // 0: none
  std::uint64_t start_time = 0;  // man: proc(5), stat
};

struct State {
  Phase phase = Phase::Creating;
  std::uint32_t run = 0;  // counts the starts
  ProcessId init{};
  ProcessId monitor{};  // Restarting: who will start it again
  ProcessId network{};  // slirp4netns or pasta
  std::string boot{};   // of which boot of the machine the pids are
  int exit_code = 0;
  bool out_of_memory = false;
  std::string error{};    // why it could not be started
  std::string started{};  // RFC 3339
  std::string finished{};
  std::uint32_t restarts = 0;
  bool stop_wanted = false;     // by a person: no policy starts it again
  bool restart_wanted = false;  // who stops it will start it again: --rm does not remove it
  std::vector<Attachment> attachments{};
  std::vector<Port> ports{};  // as they came to be
};

struct Record {
  std::string id{};  // 64 hexadecimal digits
  std::string name{};
  std::string created{};
  std::string image{};                 // as it was asked for; the folder with --rootfs
  std::string image_digest{};          // of its manifest; empty with --rootfs
  bool rootfs = false;                 // a folder of the user's, not an overlay
  std::vector<std::string> command{};  // entrypoint and arguments
  std::string hostname{};
  Pairs labels{};
  bool tty = false;
  bool open_stdin = false;
  bool privileged = false;
  bool remove = false;          // when it has ended
  bool systemd_cgroup = false;  // a scope of systemd
  Restart restart{};
  std::string stop_signal{};            // empty: SIGTERM
  std::uint32_t stop_timeout = 10;      // seconds
  std::string log_driver = "k8s-file";  // k8s-file, none
  std::int64_t log_size = 0;            // bytes at which the log starts anew; 0: none
  NetworkSetup network{};
  std::vector<Join> joins{};
  std::vector<VolumeUse> volumes{};
  State state{};

  std::string brief() const { return id.substr(0, 12); }
};

std::string write_record(const Record& record);
base::Result<Record> read_record(std::string_view text);

}  // namespace engine
