// The command line of engine as values.
#pragma once
#include <string>
#include <variant>

#include "engine/container_command.h"
#include "engine/image_command.h"
#include "engine/look_command.h"
#include "engine/network_command.h"
#include "engine/volume_command.h"

namespace engine {

struct Invocation {
  std::string data{};
  std::string run{};
  std::string store{};
  std::string runtime{};
  std::string cni_path{};
  std::string registries_conf{};
  std::string policy{};
  bool debug = false;
  std::variant<RunCommand, CreateCommand, StartCommand, AttachCommand, StopCommand, RestartCommand,
               KillCommand, RemoveCommand, WaitCommand, PauseCommand, UnpauseCommand, RenameCommand,
               PsCommand, FinishCommand, LogsCommand, ExecCommand, TopCommand, EventsCommand,
               DiffCommand, ExportCommand, CommitCommand, CopyCommand, NetworkCreateCommand,
               NetworkListCommand, NetworkInspectCommand, NetworkRemoveCommand, NetworkPruneCommand,
               NetworkConnectCommand, NetworkDisconnectCommand, PortCommand, VolumeCreateCommand,
               VolumeListCommand, VolumeInspectCommand, VolumeRemoveCommand, VolumePruneCommand,
               UpdateCommand, PullImagesCommand, PushImageCommand, ListImagesCommand,
               RemoveImagesCommand, TagImageCommand, SaveCommand, LoadCommand, ImportImageCommand,
               HistoryCommand, LogInCommand, LogOutCommand, InfoCommand, VersionCommand,
               StatsCommand, InspectCommand>
      command{};
};

// Help and version to print, or what is wrong.
struct Answer {
  std::string text{};
  bool wrong = false;
};

// `args` with the program's name first.
std::variant<Invocation, Answer> parse_arguments(const Words& args);

}  // namespace engine
