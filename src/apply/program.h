// Runs a program of the host, feeds it, listens to it, and ends it when its time is over.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

struct Program {
  std::string path{};
  std::vector<std::string> args{};
  std::vector<std::string> env{};
  std::string folder{};          // its working directory, if that can be entered; empty: ours
  std::string input{};           // for its standard input
  std::optional<int> timeout{};  // milliseconds; none: as long as it takes
  // A process whose end, told by its pidfd, ends the program, too.
  std::optional<base::FdRef> needs{};
  std::size_t kept_output = 4096;  // how many of the last bytes that it prints matter
};

// Waits for its end. Anything but exit status 0 is an error that says how it ended and what it
// printed on its standard output and error, which is also the result. A program that does not read
// its input is no error, and one that leaves children holding its outputs does not keep us waiting.
base::Result<std::string> run_program(const Program& program);

}  // namespace apply
