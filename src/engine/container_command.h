// The commands on containers, as typed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/make_command.h"

namespace engine {

struct StreamsWish {
  std::string detach_keys = "ctrl-p,ctrl-q";
  bool pass_signals = true;
};

struct RunCommand {
  MakeCommand make{};
  bool detach = false;
  Words attach{};  // stdin, stdout, stderr; none: as the container has them
  StreamsWish streams{};
};

struct CreateCommand {
  MakeCommand make{};
};

struct StartCommand {
  Words containers{};
  bool attach = false;
  bool interactive = false;
  bool after_boot = false;  // those whose restart policy says so
  StreamsWish streams{};
};

struct AttachCommand {
  std::string container{};
  bool no_stdin = false;
  StreamsWish streams{};
};

struct StopCommand {
  Words containers{};
  std::optional<std::uint32_t> seconds{};
  bool all = false;
};

struct RestartCommand {
  Words containers{};
  std::optional<std::uint32_t> seconds{};
};

struct KillCommand {
  Words containers{};
  std::string signal = "KILL";
};

struct RemoveCommand {
  Words containers{};
  bool force = false;
  bool volumes = false;
  bool all = false;  // that do not run; with force all
};

struct WaitCommand {
  Words containers{};
};

struct PauseCommand {
  Words containers{};
};

struct UnpauseCommand {
  Words containers{};
};

struct RenameCommand {
  std::string container{};
  std::string name{};
};

struct PsCommand {
  bool all = false;
  bool quiet = false;
  bool no_trunc = false;
  bool json = false;
  bool latest = false;
  bool names = false;  // nothing else, one to a line
  std::optional<std::uint32_t> last{};
  Words filters{};  // name=, id=, status=, label=, ancestor=, network=, volume=, exited=
};

// The monitor's, at a container's end.
struct FinishCommand {
  std::string container{};
  std::uint32_t run = 0;  // which start's end
};

}  // namespace engine
