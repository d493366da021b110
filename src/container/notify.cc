#include "container/notify.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "sys/file.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::string_view kSocket = "notify.sock";
constexpr std::string_view kInside = "/run/notify";

// The caller's own business: which process is the main one, and what it keeps.
bool is_ours_to_say(std::string_view line) {
  constexpr std::array<std::string_view, 4> kOurs{"MAINPID=", "MAINPIDFDID=", "FDSTORE",
                                                  "BARRIER="};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view start) { return line.starts_with(start); });
}

}  // namespace

void add_notify_socket(spec::Config& config, const std::string& record_path) {
  spec::Mount mount;
  mount.destination = std::string(kInside);
  mount.type = "bind";
  mount.source = base::cat(record_path, "/", kNotifyDir);
  mount.options = {"bind", "nosuid", "noexec", "nodev", "ro"};
  config.mounts.push_back(std::move(mount));
  if (!config.process) return;
  auto& env = config.process->env;
  std::erase_if(env, [](const std::string& entry) { return entry.starts_with("NOTIFY_SOCKET="); });
  env.push_back(base::cat("NOTIFY_SOCKET=", kInside, "/", kSocket));
}

Result<Notifier> Notifier::open(const Record& record, const std::string& notify_socket) {
  auto caller = TRY(sys::connect_unix(notify_socket, SOCK_DGRAM), "NOTIFY_SOCKET");
  auto dir = TRY(sys::openat(record.dir(), std::string(kNotifyDir), O_PATH | O_DIRECTORY),
                 "NOTIFY_SOCKET");
  // A name that is short whatever the state directory is.
  auto socket = TRY(sys::bind_datagram(base::cat("/proc/self/fd/", dir.raw(), "/", kSocket)),
                    "NOTIFY_SOCKET");
  // Whatever user the container's program is.
  auto bound = TRY(sys::openat(dir, std::string(kSocket), O_PATH | O_NOFOLLOW));
  TRY(sys::fchmod_path(bound, 0777), "NOTIFY_SOCKET");
  return Notifier(std::move(socket), std::move(caller));
}

Result<bool> Notifier::pass_on(pid_t pid) {
  constexpr std::size_t kLongest = 4096;
  std::array<char, kLongest> bytes;
  auto received = TRY(sys::receive(socket_, bytes), "NOTIFY_SOCKET");
  std::string text;
  bool ready = false;
  for (auto line : base::split(std::string_view(bytes.data(), received.size), '\n')) {
    if (line.empty() || is_ours_to_say(line)) continue;
    ready = ready || line == "READY=1";
    text += base::cat(line, "\n");
  }
  if (ready) text += base::cat("MAINPID=", pid, "\n");
  if (!text.empty()) (void)sys::send(caller_, text);
  if (ready) synchronise();
  return ready;
}

Status Notifier::await_ready(pid_t pid, FdRef pidfd) {
  for (;;) {
    std::array<sys::PollItem, 2> items{{{socket_, POLLIN, 0}, {pidfd, POLLIN, 0}}};
    auto n = sys::poll(items, -1);
    if (!n && n.error().code() == EINTR) continue;
    TRY(std::move(n));
    if (items[0].revents && TRY(pass_on(pid))) return {};
    if (items[1].revents && !items[0].revents) return {};
  }
}

void Notifier::synchronise() {
  // man: sd_notify_barrier(3): the manager closes what it was sent once it has come to it.
  constexpr int kPatience = 30000;  // milliseconds
  auto pipe = sys::pipe();
  if (!pipe || !sys::send(caller_, "BARRIER=1", FdRef(pipe.value().write_end))) return;
  pipe.value().write_end.close();
  std::array<sys::PollItem, 1> items{{{pipe.value().read_end, 0, 0}}};
  (void)sys::poll(items, kPatience);
}

}  // namespace container
