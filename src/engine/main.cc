// engine: reads the environment, parses, runs, prints the error, gives the exit code.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdio>

#include "bundler/read_environment.h"
#include "engine/cli.h"
#include "engine/commands.h"

namespace {

constexpr int kUsage = 125;  // compat: docker

std::string own_path() {
  char path[PATH_MAX];
  auto size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

int main(int argc, char** argv) {
  // A container that hangs up is an error of a write, not the end of us.
  ::signal(SIGPIPE, SIG_IGN);
  // What a monitor held for a container must not be held by what it becomes.
  ::close_range(3, ~0U, 0);
  // Modes are given exactly.
  ::umask(0);
  auto environment = bundler::read_environment();
  auto parsed = engine::parse_arguments({argv, argv + argc});
  if (auto answer = std::get_if<engine::Answer>(&parsed)) {
    if (answer->wrong) {
      engine::complain(answer->text);
      return kUsage;
    }
    return engine::print(answer->text) ? 0 : 1;
  }
  const auto& invocation = *std::get_if<engine::Invocation>(&parsed);
  auto code = engine::run(invocation, environment, own_path());
  if (code) return code.value();
  engine::complain(code.error().text());
  return engine::exit_code_of(invocation, code.error());
}
