// bundler: reads the environment, parses, runs, prints the error, gives the exit code.
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "bundler/cli.h"
#include "bundler/commands.h"
#include "bundler/environment.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

std::string variable(const char* name) {
  auto value = std::getenv(name);
  return value ? value : "";
}

// Whether what moves on a terminal may be written there. compat: no-color.org
bool draws_on(int descriptor) {
  return ::isatty(descriptor) == 1 && variable("TERM") != "dumb" && variable("NO_COLOR").empty();
}

// compat: reproducible-builds.org, SOURCE_DATE_EPOCH
std::int64_t now() {
  auto given = base::parse<std::int64_t>(variable("SOURCE_DATE_EPOCH"));
  return given ? *given : std::time(nullptr);
}

bundler::Environment read_environment() {
  bundler::Environment out{.uid = ::geteuid(),
                           .gid = ::getegid(),
                           .now = now(),
                           .home = variable("HOME"),
                           .data_home = variable("XDG_DATA_HOME"),
                           .config_home = variable("XDG_CONFIG_HOME"),
                           .runtime_dir = variable("XDG_RUNTIME_DIR"),
                           .docker_config = variable("DOCKER_CONFIG"),
                           .registry_auth_file = variable("REGISTRY_AUTH_FILE"),
                           .registries_conf = variable("CONTAINERS_REGISTRIES_CONF"),
                           .search_path = variable("PATH"),
                           .terminal = draws_on(STDERR_FILENO)};
  for (auto one = environ; *one; ++one) out.variables.emplace_back(*one);
  struct winsize size {};
  if (out.terminal && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    out.columns = size.ws_col;
  return out;
}

int fail(std::string_view text, int code) {
  auto line = base::cat("bundler: ", text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  // Modes are given exactly: those of layers by the layers, those of the store by the store.
  ::umask(0);
  auto environment = read_environment();
  auto parsed = bundler::parse_arguments(argc, argv);
  if (auto answer = std::get_if<bundler::Answer>(&parsed)) {
    if (answer->wrong) return fail(answer->text, kUsage);
    return std::fwrite(answer->text.data(), 1, answer->text.size(), stdout) == answer->text.size()
               ? 0
               : kFailure;
  }
  auto status = bundler::run(*std::get_if<bundler::Invocation>(&parsed), environment);
  if (status) return 0;
  return fail(status.error().text(),
              status.error().kind() == base::Kind::Usage ? kUsage : kFailure);
}
