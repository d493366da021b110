// The commands on volumes, and on what containers may use, as typed.
#pragma once
#include <string>
#include <vector>

#include "engine/make_command.h"

namespace engine {

struct VolumeCreateCommand {
  std::string name{};  // empty: 64 digits
  std::string driver{};
  Words labels{};
};

struct VolumeListCommand {
  bool quiet = false;
  bool json = false;
  Words filters{};  // name=, label=, dangling=
};

struct VolumeInspectCommand {
  Words volumes{};
};

struct VolumeRemoveCommand {
  Words volumes{};
  bool force = false;  // those that are missing are no error
};

struct VolumePruneCommand {
  bool all = false;  // also those that have a name
};

struct UpdateCommand {
  Words containers{};
  LimitWishes limits{};
  std::string restart{};
};

}  // namespace engine
