#include "engine/volume_commands.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "cli/table.h"
#include "engine/commands.h"
#include "engine/journal.h"
#include "engine/labels.h"
#include "engine/volumes.h"

namespace engine {
namespace {

using base::Json;
using base::Result;
using base::Status;

Json json_of(const Context& context, const Volume& volume) {
  auto out = Json::object();
  out.set("name", Json(volume.name));
  out.set("driver", Json("local"));
  out.set("mountpoint", Json(Volumes(context).data(volume.name)));
  out.set("created", Json(volume.created));
  auto labels = Json::object();
  for (const auto& [name, value] : volume.labels) labels.set(name, Json(value));
  out.set("labels", std::move(labels));
  out.set("anonymous", Json(volume.anonymous));
  return out;
}

bool has_label(const Volume& volume, const std::string& wanted) {
  auto equals = wanted.find('=');
  return std::any_of(volume.labels.begin(), volume.labels.end(), [&](const auto& label) {
    return label.first == wanted.substr(0, equals) &&
           (equals == std::string::npos || label.second == wanted.substr(equals + 1));
  });
}

Result<bool> matches(const Volumes& volumes, const Volume& volume, const std::string& filter) {
  auto equals = filter.find('=');
  auto name = filter.substr(0, equals);
  if (equals == std::string::npos || (name != "name" && name != "label" && name != "dangling"))
    return base::usage_error("--filter: must be name=, label= or dangling=, got ",
                             base::quote(filter));
  auto value = filter.substr(equals + 1);
  if (name == "name") return volume.name.find(value) != std::string::npos;
  if (name == "label") return has_label(volume, value);
  if (value != "true" && value != "false")
    return base::usage_error("--filter dangling: must be true or false, got ", base::quote(value));
  auto users = TRY(volumes.users(volume.name));
  return users.empty() == (value == "true");
}

// compat: docker: the filters of one name are alternatives for name=, all of them must hold else
Result<bool> matches_all(const Volumes& volumes, const Volume& volume, const Words& filters) {
  bool any_name = false, good_name = false;
  for (const auto& filter : filters) {
    bool good = TRY(matches(volumes, volume, filter));
    if (filter.starts_with("name=")) {
      any_name = true;
      good_name |= good;
    } else if (!good) {
      return false;
    }
  }
  return !any_name || good_name;
}

void note(const Context& context, const std::string& name, const std::string& action) {
  note_event(context, {.type = "volume", .action = action, .id = name});
}

Status remove_one(const Context& context, const std::string& name) {
  Volumes volumes(context);
  auto lock = TRY(volumes.lock());
  TRY(volumes.remove(name));
  note(context, name, "destroy");
  return {};
}

}  // namespace

Result<int> execute(const Context& context, const VolumeCreateCommand& command) {
  if (!command.driver.empty() && command.driver != "local")
    return base::unsupported("volume create: the only driver is local, got ",
                             base::quote(command.driver));
  if (!command.name.empty()) TRY(check_name("volume", command.name));
  Volume volume;
  volume.name = command.name;
  volume.labels = TRY(read_labels(command.labels), "--label");
  Volumes volumes(context);
  auto lock = TRY(volumes.lock());
  auto made = TRY(volumes.ensure(std::move(volume)));
  if (made.made) note(context, made.volume.name, "create");
  TRY(print(made.volume.name + "\n"));
  return 0;
}

Result<int> execute(const Context& context, const VolumeListCommand& command) {
  Volumes volumes(context);
  std::vector<Volume> chosen;
  for (auto& volume : TRY(volumes.list())) {
    bool wanted = TRY(matches_all(volumes, volume, command.filters));
    if (wanted) chosen.push_back(std::move(volume));
  }
  std::string out;
  if (command.json) {
    auto all = Json::array();
    for (const auto& volume : chosen) all.push(json_of(context, volume));
    out = base::dump(all, 2) + "\n";
  } else if (command.quiet) {
    for (const auto& volume : chosen) out += volume.name + "\n";
  } else {
    std::vector<std::vector<std::string>> rows{{"DRIVER", "VOLUME NAME"}};
    for (const auto& volume : chosen) rows.push_back({"local", volume.name});
    out = cli::table(rows);
  }
  TRY(print(out));
  return 0;
}

Result<int> execute(const Context& context, const VolumeInspectCommand& command) {
  auto all = Json::array();
  int code = 0;
  for (const auto& name : command.volumes) {
    auto volume = Volumes(context).find(name);
    if (volume) {
      all.push(json_of(context, volume.value()));
      continue;
    }
    complain(volume.error().text());
    code = 1;
  }
  TRY(print(base::dump(all, 2) + "\n"));
  return code;
}

Result<int> execute(const Context& context, const VolumeRemoveCommand& command) {
  int code = 0;
  for (const auto& name : command.volumes) {
    auto gone = remove_one(context, name);
    if (gone) {
      TRY(print(name + "\n"));
      continue;
    }
    if (command.force && gone.error().kind() == base::Kind::NotFound) continue;
    complain(gone.error().text());
    code = 1;
  }
  return code;
}

Result<int> execute(const Context& context, const VolumePruneCommand& command) {
  Volumes volumes(context);
  auto lock = TRY(volumes.lock());
  for (const auto& volume : TRY(volumes.list())) {
    if (!volume.anonymous && !command.all) continue;
    auto users = TRY(volumes.users(volume.name));
    if (!users.empty()) continue;
    TRY(volumes.remove(volume.name));
    note(context, volume.name, "destroy");
    TRY(print(volume.name + "\n"));
  }
  return 0;
}

}  // namespace engine
