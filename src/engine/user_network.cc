#include "engine/user_network.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/json.h"
#include "base/text.h"
#include "engine/addresses.h"
#include "engine/phase.h"
#include "engine/ports.h"
#include "fs/files.h"
#include "programs/run.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Kind;
using base::Result;
using Status = base::Status;
using Words = std::vector<std::string>;

constexpr const char* kSlirpServer = "10.0.2.3";
constexpr const char* kSlirpGuest = "10.0.2.100";
constexpr const char* kPastaServer = "169.254.1.1";
constexpr const char* kSocket = "slirp4netns.sock";
constexpr int kFolderNumber = 4;
constexpr int kReadyNumber = 3;      // the descriptor by which slirp4netns says that it is ready
constexpr int kPatience = 30'000;    // milliseconds
constexpr int kStep = 5;             // milliseconds between two looks for pasta's pid file
constexpr int kKilledWait = 10'000;  // milliseconds

Result<std::string> find(const Context& context, const std::string& program) {
  auto path = programs::find(context.environment.search_path, program);
  if (path) return path;
  return base::Error(Kind::NotFound, base::cat("--net ", program,
                                               ": the program is not in PATH: install the package ",
                                               program == kPasta ? "passt" : program));
}

std::string namespace_path(pid_t init, const char* kind) {
  return base::cat("/proc/", init, "/ns/", kind);
}

// One program at its start.
class Starting {
 public:
  Starting(const Context& context, Container& container, pid_t init)
      : context_(context), container_(container), init_(init) {}

  Status slirp() {
    auto socket = base::cat(container_.run_path(), "/", kSocket);
    // By its own path the socket's name would be longer than the kernel takes. man: unix(7)
    auto folder = TRY(sys::openat(FdRef::cwd(), container_.run_path(), O_RDONLY | O_DIRECTORY));
    Words words{"--configure",       "--mtu=65520",
                "--enable-sandbox",  "--enable-seccomp",
                "--ready-fd",        base::cat(kReadyNumber),
                "--api-socket",      base::cat("/proc/self/fd/", kFolderNumber, "/", kSocket),
                "--netns-type=path", "--disable-host-loopback"};
    words.push_back(namespace_path(init_, "net"));
    words.emplace_back("tap0");
    auto ready = TRY(sys::pipe());
    auto started =
        TRY(start(kSlirp, words, {{ready.write_end, kReadyNumber}, {folder, kFolderNumber}}));
    ready.write_end.close();
    char letter = 0;
    auto got = TRY(sys::read(ready.read_end, std::span(&letter, 1)), kSlirp);
    if (got == 0) return failed(kSlirp);
    auto& state = container_.record.state;
    for (const auto& port : state.ports) TRY(forward(socket, port), kSlirp);
    state.attachments.push_back({.network = kSlirp,
                                 .interface = "tap0",
                                 .addresses = {base::cat(kSlirpGuest, "/24")},
                                 .gateway = "10.0.2.2"});
    return {};
  }

  Status pasta() {
    auto pid_file = container_.run_path() + "/pasta.pid";
    Words words{"--config-net", "--quiet",     "--foreground", "--pid", pid_file, "--dns-forward",
                kPastaServer,   "--no-map-gw", "-T",           "none",  "-U",     "none"};
    for (auto [option, protocol] : {std::pair("-t", "tcp"), std::pair("-u", "udp")}) {
      words.emplace_back(option);
      words.push_back(pasta_ports(protocol));
    }
    words.insert(words.end(), {"--netns", namespace_path(init_, "net")});
    auto folder = TRY(sys::openat(FdRef::cwd(), container_.run_path(), O_RDONLY | O_DIRECTORY));
    (void)sys::unlinkat(folder, "pasta.pid");
    auto started = TRY(start(kPasta, words, {}));
    // It writes its pid when all is done.
    for (int waited = 0; waited < kPatience; waited += kStep) {
      auto text = fs::read_file(folder, "pasta.pid");
      if (text && text.value().ends_with('\n')) {
        container_.record.state.attachments.push_back({.network = kPasta});
        return {};
      }
      sys::PollItem items[]{{.fd = started.pidfd, .events = POLLIN}};
      auto ended = sys::poll(items, kStep);
      if (ended && ended.value() > 0) return failed(kPasta);
    }
    return base::system_error("pasta is not ready after ", kPatience / 1000, " seconds");
  }

 private:
  std::string log(const std::string& program) const {
    return base::cat(container_.run_path(), "/", program, ".log");
  }

  // Beyond the reach of the terminal's signals, which are the container's business. slirp4netns
  // makes its sandbox of a tmpfs on /tmp: root's, where /tmp is shared, would be everybody's.
  Result<programs::Started> start(const std::string& program, const Words& words,
                                  programs::Descriptors descriptors) {
    programs::Command command{
        .args = words, .environment = context_.variables, .session = true, .own_mounts = true};
    command.path = TRY(find(context_, program));
    auto errors =
        TRY(sys::openat(FdRef::cwd(), log(program), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
    descriptors.emplace_back(errors, 2);
    descriptors.emplace_back(errors, 1);
    context_.tell(base::cat(command.path, " ", base::join(words, " ")));
    auto started = TRY(programs::start(command, descriptors), program);
    auto& state = container_.record.state;
    state.network = TRY(identify(started.pid));
    TRY(container_.save());
    return started;
  }

  base::Error failed(const std::string& program) const {
    auto text = fs::read_file(FdRef::cwd(), log(program));
    std::string_view last;
    if (text)
      for (auto line : base::split(text.value(), '\n'))
        if (!base::trim(line).empty()) last = base::trim(line);
    return base::system_error(program, ": ", last.empty() ? "it ended without a word" : last);
  }

  // man: slirp4netns(1), API socket
  static Status forward(const std::string& socket, const Port& port) {
    auto arguments = base::Json::object();
    arguments.set("proto", port.protocol);
    arguments.set("host_addr", port.host_ip.empty() ? "0.0.0.0" : port.host_ip);
    arguments.set("host_port", port.host);
    arguments.set("guest_addr", kSlirpGuest).set("guest_port", port.container);
    auto request = base::Json::object();
    request.set("execute", "add_hostfwd").set("arguments", std::move(arguments));
    auto connection = TRY(sys::connect_unix(socket));
    TRY(sys::send(connection, base::dump(request)));
    auto answer = TRY(fs::read_all(connection));
    auto json = TRY(base::parse_json(answer));
    auto error = json.find("error");
    if (!error) return {};
    auto why = error->find("desc");
    return base::system_error("port ", show_outside(port), ": ",
                              why && why->string() ? *why->string() : answer);
  }

  std::string pasta_ports(std::string_view protocol) const {
    Words out;
    for (const auto& port : container_.record.state.ports) {
      if (port.protocol != protocol) continue;
      auto address = port.host_ip.empty() ? std::string() : port.host_ip + "/";
      out.push_back(base::cat(address, port.host, ":", port.container));
    }
    return out.empty() ? "none" : base::join(out, ",");
  }

  const Context& context_;
  Container& container_;
  pid_t init_;
};

}  // namespace

bool rules_network_namespace() {
  if (sys::geteuid() != 0) return false;
  auto ours = sys::openat(FdRef::cwd(), "/proc/self/ns/net", O_RDONLY);
  return ours && sys::owner_of_namespace(ours.value());
}

Result<std::string> choose_user_program(const Context& context) {
  for (const char* program : {kSlirp, kPasta})
    if (programs::find(context.environment.search_path, program)) return std::string(program);
  return base::Error(Kind::NotFound,
                     "an ordinary user's network needs slirp4netns (the package of that name) or "
                     "pasta (the package passt): install one, or say --net host or --net none");
}

Status start_user_network(const Context& context, Container& container, pid_t init) {
  Starting starting(context, container, init);
  if (container.record.network.program == kPasta) return starting.pasta();
  return starting.slirp();
}

void stop_user_network(const Context& context, const Container& container) {
  const auto& state = container.record.state;
  auto process = open_process(state.network, state.boot);
  if (!process || !process.value()) return;
  const auto& pidfd = *process.value();
  auto killed = sys::pidfd_send_signal(pidfd, SIGKILL);
  if (!killed) return context.tell("note: " + killed.error().text());
  sys::PollItem items[]{{.fd = pidfd, .events = POLLIN}};
  (void)sys::poll(items, kKilledWait);
}

std::string user_network_server(const std::string& program) {
  return program == kPasta ? kPastaServer : kSlirpServer;
}

}  // namespace engine
