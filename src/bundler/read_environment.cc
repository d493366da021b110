#include "bundler/read_environment.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace bundler {
namespace {

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

}  // namespace

Environment read_environment() {
  Environment out{.uid = ::geteuid(),
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

}  // namespace bundler
