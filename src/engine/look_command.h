// The commands that look into containers, as typed.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/make_command.h"

namespace engine {

struct LogsCommand {
  std::string container{};
  bool follow = false;
  bool timestamps = false;
  std::string tail{};  // "all", or how many lines
  std::string since{};
  std::string until{};
};

struct ExecCommand {
  std::string container{};
  Words command{};
  bool detach = false;
  bool tty = false;
  bool interactive = false;
  bool privileged = false;
  Words env{};
  Words env_files{};
  std::string user{};
  std::string workdir{};
};

struct TopCommand {
  std::string container{};
  Words options{};  // of ps(1)
};

struct StatsCommand {
  Words containers{};  // none: all that run
  bool once = false;
  bool json = false;
};

struct InspectCommand {
  Words names{};
  std::string type{};    // container, image, volume, network; empty: whatever has the name
  std::string format{};  // a template (template.h)
  bool size = false;
};

struct DiffCommand {
  std::string container{};
};

struct CopyCommand {
  std::string from{};
  std::string to{};
  bool archive = false;      // with owners
  bool follow_link = false;  // what a link leads to, not the link
  bool quiet = false;
};

struct ExportCommand {
  std::string container{};
  std::string output{};  // empty or "-": standard output
};

struct CommitCommand {
  std::string container{};
  std::string name{};
  std::string author{};
  std::string message{};
  Words changes{};
  bool pause = true;
};

struct EventsCommand {
  std::string since{};
  std::string until{};
  Words filters{};
  bool json = false;
};

}  // namespace engine
