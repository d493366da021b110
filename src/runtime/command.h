// The command line as a value: one alternative per command.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "container/criu_run.h"
#include "container/events.h"
#include "container/exec.h"
#include "container/restore.h"
#include "container/run.h"
#include "container/update.h"

namespace runtime {

enum class Format { Text, Json };

// Options before the command.
struct Global {
  std::string root{};
  std::string log{};
  Format log_format = Format::Text;
  bool debug = false;
  bool systemd_cgroup = false;
  bool no_cgroup = false;
};

struct Create {
  container::CreateOptions options{};
};
struct Run {
  container::RunOptions options{};
};
struct Exec {
  container::ExecOptions options{};
};
struct Start {
  std::string id{};
};
struct State {
  std::string id{};
};
struct Kill {
  std::string id{};
  std::string signal = "TERM";
  bool all = false;
};
struct Delete {
  std::string id{};
  bool force = false;
};
struct List {
  Format format = Format::Text;
  bool quiet = false;
};
struct Ps {
  std::string id{};
  Format format = Format::Text;
  std::vector<std::string> options{};
};
struct Pause {
  std::string id{};
};
struct Resume {
  std::string id{};
};
struct Update {
  container::UpdateOptions options{};
};
struct Events {
  container::EventsOptions options{};
};
struct Checkpoint {
  container::ImageOptions options{};
};
struct Restore {
  container::RestoreOptions options{};
};
struct Spec {
  std::string bundle = ".";
  bool rootless = false;
};
struct Features {};

using Command = std::variant<Create, Start, State, Kill, Delete, Run, Exec, List, Ps, Pause, Resume,
                             Update, Events, Checkpoint, Restore, Spec, Features>;

}  // namespace runtime
