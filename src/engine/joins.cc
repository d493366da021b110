#include "engine/joins.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "engine/bundle_config.h"
#include "engine/phase.h"

namespace engine {
namespace {

// The folder of /proc of its init.
base::Result<std::string> process_of(const Context& context, const Join& join) {
  auto other = TRY(Containers(context).open(join.container));
  auto phase = TRY(phase_now(other));
  if (phase != Phase::Running && phase != Phase::Paused)
    return base::state_error("its ", join.type, " namespace is that of container ",
                             other.record.name, ", which is not running");
  return base::cat("/proc/", other.record.state.init.pid);
}

std::optional<spec::NamespaceType> type_of(const std::string& word) {
  if (word == "network") return spec::NamespaceType::Network;
  if (word == "pid") return spec::NamespaceType::Pid;
  if (word == "ipc") return spec::NamespaceType::Ipc;
  return std::nullopt;
}

}  // namespace

base::Status write_joins(const Context& context, const Container& container) {
  const auto& record = container.record;
  auto joins = record.joins;
  if (record.network.mode == NetworkMode::Container)
    joins.push_back({"network", record.network.container});
  if (joins.empty()) return {};
  auto config = TRY(read_bundle_config(container));
  auto& namespaces = config.linux_.namespaces;
  for (const auto& join : joins) {
    auto type = type_of(join.type);
    if (!type) return base::config_error("joins: no namespace is called ", join.type);
    auto process = TRY(process_of(context, join));
    auto kernel_name = join.type == "network" ? "net" : join.type;
    std::erase_if(namespaces, [&](const auto& one) { return one.type == *type; });
    namespaces.push_back({*type, base::cat(process, "/ns/", kernel_name)});
  }
  return write_bundle_config(container, config);
}

}  // namespace engine
