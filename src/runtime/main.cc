// Reads the environment, parses, executes, prints the error, exits.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "container/usual_root.h"
#include "runtime/cli.h"
#include "runtime/commands.h"
#include "runtime/log.h"

namespace {

constexpr int kExecFailed = 255;  // compat: runc: an exec that never ran

std::string variable(const char* name) {
  auto value = std::getenv(name);
  return value ? value : "";
}

runtime::Environment read_environment(int argc, char** argv) {
  runtime::Environment out;
  out.args.assign(argv, argv + argc);
  for (char** entry = environ; *entry; ++entry) out.all.emplace_back(*entry);
  out.path = variable("PATH");
  out.notify_socket = variable("NOTIFY_SOCKET");
  out.bus.system_bus = variable("DBUS_SYSTEM_BUS_ADDRESS");
  out.bus.session_bus = variable("DBUS_SESSION_BUS_ADDRESS");
  out.bus.runtime_dir = variable("XDG_RUNTIME_DIR");
  // man: sd_listen_fds(3)
  if (base::parse<int>(variable("LISTEN_PID")) == ::getpid())
    out.listening_fds = std::max(0, base::parse<int>(variable("LISTEN_FDS")).value_or(0));
  return out;
}

// A closed standard descriptor would get the number of the next file of ours, which the container
// then had, or an error message went to.
bool fill_standard_descriptors() {
  for (int n : {0, 1, 2})
    // NOLINTNEXTLINE(android-cloexec-open): the container's program is to have it
    if (::fcntl(n, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != n) return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!fill_standard_descriptors()) return 1;
  // A hook or a caller that hangs up is an error of a write, not the end of us.
  ::signal(SIGPIPE, SIG_IGN);
  auto environment = read_environment(argc, argv);
  auto answer = runtime::parse(environment.args,
                               container::usual_root(environment.bus.runtime_dir, variable("USER")),
                               runtime::version_text());
  if (!answer.parsed) {
    std::fprintf(answer.exit_code ? stderr : stdout, "%s%s", answer.exit_code ? "runtime: " : "",
                 answer.text.c_str());
    if (answer.exit_code) std::fputs("\n", stderr);
    return answer.exit_code;
  }
  const auto& parsed = *answer.parsed;
  std::vector<std::string> warnings;
  auto result = runtime::execute(parsed, environment, warnings);
  runtime::log_warnings(parsed.global, warnings, static_cast<bool>(result));
  if (result) return result.value();
  runtime::log_error(parsed.global, result.error());
  return std::holds_alternative<runtime::Exec>(parsed.command) ? kExecFailed : 1;
}
