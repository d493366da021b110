// Other programs: found, started, run to their end.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace programs {

// The program's path: `name` itself when it has a slash, else in the absolute folders of a PATH. An
// error that names it when it is in none (Kind::NotFound).
base::Result<std::string> find(const std::string& search_path, const std::string& name);

// Descriptors of ours that the program gets under these numbers. What it is not given it has not.
using Descriptors = std::vector<std::pair<base::FdRef, int>>;

struct Command {
  std::string path{};                      // absolute
  std::vector<std::string> args{};         // behind the program's name
  std::vector<std::string> environment{};  // "NAME=value"
  bool session = false;                    // one of its own: no terminal's signals reach it
  bool own_mounts = false;                 // what it mounts nobody else sees
  std::string folder{};                    // where it works, absolute; empty: where we do
};

// Starts it with these descriptors; 0, 1 and 2 are /dev/null where they are not given. When it
// returns the program has begun: an error says what the child could not do before.
struct Started {
  pid_t pid = 0;
  base::Fd pidfd{};
};
base::Result<Started> start(const Command& command, const Descriptors& descriptors);

struct Answer {
  int exit_code = 0;  // 128 + n for signal n
  std::string out{};  // its standard output
  std::string err{};  // its standard error, where that was asked for
};
struct Limits {
  std::optional<std::chrono::seconds> time{};  // none: however long it takes
  std::size_t bytes = 16U << 20;               // of output
};
// Whether its standard error is ours, or part of the answer.
enum class Errors { Ours, Answer };
// Runs it to its end with this text on its standard input. An error when it does not end in time,
// or answers without end: it is killed then.
base::Result<Answer> run(const Command& command, const std::string& input, const Limits& limits,
                         Errors errors);

}  // namespace programs
