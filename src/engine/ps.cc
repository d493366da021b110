// The list of containers.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/table.h"
#include "engine/commands.h"
#include "engine/container_commands.h"
#include "engine/filters.h"
#include "engine/life.h"
#include "engine/phase.h"

namespace engine {
namespace {

using base::Result;

constexpr std::size_t kShownCommand = 20;  // letters. compat: docker

std::string show_command(const Record& record, bool whole) {
  auto text = base::join(record.command, " ");
  if (!whole && text.size() > kShownCommand) text = text.substr(0, kShownCommand - 1) + "…";
  return base::cat("\"", text, "\"");
}

std::string show_ports(const State& state) {
  Words out;
  for (const auto& port : state.ports)
    out.push_back(base::cat(port.host_ip.empty() ? "0.0.0.0" : port.host_ip, ":", port.host, "->",
                            port.container, "/", port.protocol));
  return base::join(out, ", ");
}

std::int64_t age(const std::string& time, std::int64_t now) {
  auto then = base::parse_rfc3339(time);
  return then ? now - *then / 1'000'000'000 : 0;
}

struct Row {
  const Record* record = nullptr;
  Phase phase = Phase::Created;
  bool lost_monitor = false;
};

std::string describe(const Row& row, std::int64_t now) {
  return describe(*row.record, row.phase, now) + (row.lost_monitor ? " (no monitor)" : "");
}

bool has_label(const Record& record, std::string_view wanted) {
  auto equals = wanted.find('=');
  auto key = wanted.substr(0, equals);
  return std::any_of(record.labels.begin(), record.labels.end(), [&](const auto& label) {
    return label.first == key &&
           (equals == std::string_view::npos || label.second == wanted.substr(equals + 1));
  });
}

Result<bool> matches(const Row& row, const Filter& filter) {
  const auto& name = filter.name;
  const auto& value = filter.value;
  const auto& record = *row.record;
  if (name == "id") return record.id.starts_with(value);
  if (name == "name") return record.name.find(value) != std::string::npos;
  if (name == "label") return has_label(record, value);
  if (name == "status") return word(row.phase) == value;
  if (name == "ancestor") return record.image == value || record.image.starts_with(value + ":");
  if (name == "exited")
    return row.phase == Phase::Exited && base::cat(record.state.exit_code) == value;
  if (name == "network")
    return std::any_of(record.network.networks.begin(), record.network.networks.end(),
                       [&](const auto& wish) { return wish.network == value; });
  if (name == "volume")
    return std::any_of(record.volumes.begin(), record.volumes.end(), [&](const auto& use) {
      return use.name == value || use.destination == value;
    });
  return base::usage_error("--filter: ", base::quote(name), " is none of id, name, label, status, ",
                           "exited, ancestor, network, volume");
}

std::string table(const std::vector<Row>& rows, bool whole, std::int64_t now) {
  std::vector<std::vector<std::string>> cells{
      {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"}};
  for (const auto& row : rows) {
    const auto& record = *row.record;
    cells.push_back({whole ? record.id : record.brief(), record.image, show_command(record, whole),
                     show_span(age(record.created, now)) + " ago", describe(row, now),
                     show_ports(record.state), record.name});
  }
  return cli::table(cells);
}

base::Json json(const std::vector<Row>& rows, std::int64_t now) {
  auto out = base::Json::array();
  for (const auto& row : rows) {
    const auto& record = *row.record;
    auto one = base::Json::object();
    one.set("id", record.id);
    one.set("name", record.name);
    one.set("image", record.image);
    one.set("command", base::Json(record.command));
    one.set("created", record.created);
    one.set("status", word(row.phase));
    one.set("description", describe(row, now));
    one.set("pid", row.phase == Phase::Running ? record.state.init.pid : 0);
    one.set("exitCode", record.state.exit_code);
    one.set("ports", show_ports(record.state));
    out.push(std::move(one));
  }
  return out;
}

}  // namespace

Result<int> execute(const Context& context, const PsCommand& command) {
  auto containers = TRY(Containers(context).list());
  auto most = command.latest ? 1U : command.last.value_or(0);
  bool all = command.all || most > 0 ||
             std::any_of(command.filters.begin(), command.filters.end(), [](const auto& filter) {
               return filter.starts_with("status=") || filter.starts_with("exited=");
             });
  std::vector<Row> rows;
  for (auto& container : containers) {
    // What a person is told is the truth, also where nobody has noted it yet.
    auto finished = settle(context, container);
    if (!finished && finished.error().kind() == base::Kind::NotFound) continue;  // by --rm
    if (!finished) context.tell(finished.error().text());
    Row row{.record = &container.record};
    row.phase = TRY(phase_now(container));
    row.lost_monitor = TRY(lost_monitor(container, row.phase));
    bool runs =
        row.phase == Phase::Running || row.phase == Phase::Paused || row.phase == Phase::Restarting;
    bool wanted =
        TRY(passes(command.filters, [&](const Filter& filter) { return matches(row, filter); }));
    if ((all || runs) && wanted && (most == 0 || rows.size() < most)) rows.push_back(row);
  }
  auto now = context.environment.now;
  if (command.json) {
    TRY(print(base::dump(json(rows, now), 2) + "\n"));
    return 0;
  }
  if (command.names) {
    for (const auto& row : rows) TRY(print(row.record->name + "\n"));
    return 0;
  }
  if (!command.quiet) {
    TRY(print(table(rows, command.no_trunc, now)));
    return 0;
  }
  for (const auto& row : rows)
    TRY(print((command.no_trunc ? row.record->id : row.record->brief()) + "\n"));
  return 0;
}

}  // namespace engine
