// bundler: reads the environment, parses, runs, prints the error, gives the exit code.
#include <sys/stat.h>

#include <cstdio>

#include "bundler/cli.h"
#include "bundler/commands.h"
#include "bundler/read_environment.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

int fail(std::string_view text, int code) {
  auto line = base::cat("bundler: ", text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  // Modes are given exactly: those of layers by the layers, those of the store by the store.
  ::umask(0);
  auto environment = bundler::read_environment();
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
