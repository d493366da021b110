#include "engine/container_json.h"

#include <algorithm>

#include "base/text.h"
#include "engine/record_members.h"

namespace engine {
namespace {

using base::Json;

Json texts(const std::vector<std::string>& list) {
  auto out = Json::array();
  for (const auto& text : list) out.push(text);
  return out;
}

Json map_of(const Pairs& pairs) {
  auto out = Json::object();
  for (const auto& [key, value] : pairs) out.set(key, value);
  return out;
}

constexpr const char* kNever = "0001-01-01T00:00:00Z";  // compat: docker

Json state_json(const State& state, Phase phase) {
  auto out = Json::object();
  bool runs = phase == Phase::Running || phase == Phase::Paused;
  out.set("Status", word(phase));
  out.set("Running", runs);
  out.set("Paused", phase == Phase::Paused);
  out.set("Restarting", phase == Phase::Restarting);
  out.set("OOMKilled", state.out_of_memory);
  out.set("Dead", false);
  out.set("Pid", runs ? state.init.pid : 0);
  out.set("ExitCode", state.exit_code);
  out.set("Error", state.error);
  out.set("StartedAt", state.started.empty() ? kNever : state.started);
  out.set("FinishedAt", state.finished.empty() ? kNever : state.finished);
  return out;
}

Json config_json(const Record& record, const spec::Config& config) {
  auto process = config.process.value_or(spec::Process());
  auto out = Json::object();
  out.set("Hostname", record.hostname);
  out.set("Domainname", config.domainname);
  bool root = process.user.uid == 0 && process.user.gid == 0;
  out.set("User", root ? std::string() : base::cat(process.user.uid, ":", process.user.gid));
  out.set("Tty", record.tty);
  out.set("OpenStdin", record.open_stdin);
  out.set("Env", texts(process.env));
  out.set("Cmd", texts(record.command));
  out.set("Image", record.image);
  out.set("WorkingDir", process.cwd);
  out.set("Labels", map_of(record.labels));
  out.set("StopSignal", record.stop_signal.empty() ? "SIGTERM" : record.stop_signal);
  out.set("StopTimeout", record.stop_timeout);
  return out;
}

std::string mode_of(const NetworkSetup& network) {
  if (network.mode == NetworkMode::Host) return "host";
  if (network.mode == NetworkMode::Container) return "container:" + network.container;
  if (network.mode == NetworkMode::User) return network.program;
  return network.networks.empty() ? "none" : network.networks.front().network;
}

std::string key_of(const Port& port) { return base::cat(port.container, "/", port.protocol); }

// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}
Json ports_json(const std::vector<Port>& ports) {
  auto out = Json::object();
  for (const auto& port : ports) {
    auto one = Json::object();
    one.set("HostIp", port.host_ip.empty() ? "0.0.0.0" : port.host_ip);
    one.set("HostPort", base::cat(port.host));
    auto present = out.find(key_of(port));
    auto list = present ? *present : Json::array();
    list.push(std::move(one));
    out.set(key_of(port), std::move(list));
  }
  return out;
}

void set_resources(const spec::Config& config, Json& out) {
  const auto& resources = config.linux_.resources;
  auto memory = resources && resources->memory ? resources->memory->limit : std::nullopt;
  out.set("Memory", memory.value_or(0));
  auto quota = resources && resources->cpu ? resources->cpu->quota : std::nullopt;
  auto period = resources && resources->cpu ? resources->cpu->period : std::nullopt;
  auto shares = resources && resources->cpu ? resources->cpu->shares : std::nullopt;
  out.set("CpuShares", shares.value_or(0));
  out.set("CpuQuota", quota.value_or(0));
  out.set("CpuPeriod", period.value_or(0));
  auto per = static_cast<std::int64_t>(period.value_or(100'000));
  out.set("NanoCpus", quota && *quota > 0 && per > 0 ? *quota * 1'000'000'000 / per : 0);
  out.set("CpusetCpus", resources && resources->cpu ? resources->cpu->cpus : std::string());
  out.set("PidsLimit", resources && resources->pids ? resources->pids->limit.value_or(0) : 0);
}

Json host_config_json(const Container& container, const spec::Config& config) {
  const auto& record = container.record;
  auto out = Json::object();
  out.set("NetworkMode", mode_of(record.network));
  out.set("PortBindings", ports_json(record.network.ports));
  auto restart = Json::object();
  restart.set("Name", base::word_of(kRestartPolicies, record.restart.policy));
  restart.set("MaximumRetryCount", record.restart.most);
  out.set("RestartPolicy", std::move(restart));
  out.set("AutoRemove", record.remove);
  out.set("Privileged", record.privileged);
  out.set("ReadonlyRootfs", config.root && config.root->readonly);
  out.set("Dns", texts(record.network.dns));
  out.set("ExtraHosts", map_of(record.network.extra_hosts));
  auto log = Json::object();
  log.set("Type", record.log_driver);
  out.set("LogConfig", std::move(log));
  set_resources(config, out);
  return out;
}

// What a person mounted, not what every container has.
Json mounts_json(const Container& container, const spec::Config& config) {
  auto out = Json::array();
  for (const auto& mount : config.mounts) {
    const auto& options = mount.options;
    auto has = [&](std::string_view option) {
      return std::find(options.begin(), options.end(), option) != options.end();
    };
    if (!has("bind") && !has("rbind")) continue;
    if (mount.source.starts_with(container.path() + "/")) continue;
    auto one = Json::object();
    auto volume =
        std::find_if(container.record.volumes.begin(), container.record.volumes.end(),
                     [&](const VolumeUse& use) { return use.destination == mount.destination; });
    bool named = volume != container.record.volumes.end();
    one.set("Type", named ? "volume" : "bind");
    if (named) one.set("Name", volume->name);
    one.set("Source", mount.source);
    one.set("Destination", mount.destination);
    one.set("Mode", base::join(options, ","));
    one.set("RW", !has("ro"));
    out.push(std::move(one));
  }
  return out;
}

std::string address_of(const Attachment& attachment) {
  return attachment.addresses.empty()
             ? std::string()
             : attachment.addresses[0].substr(0, attachment.addresses[0].find('/'));
}

Json network_json(const Record& record) {
  auto networks = Json::object();
  for (const auto& attachment : record.state.attachments) {
    auto one = Json::object();
    one.set("IPAddress", address_of(attachment));
    auto slash =
        attachment.addresses.empty() ? std::string::npos : attachment.addresses[0].find('/');
    auto length = slash == std::string::npos
                      ? std::nullopt
                      : base::parse<unsigned>(attachment.addresses[0].substr(slash + 1));
    one.set("IPPrefixLen", length.value_or(0));
    one.set("Gateway", attachment.gateway);
    one.set("MacAddress", attachment.mac);
    auto aliases = Json::array();
    for (const auto& wish : record.network.networks)
      if (wish.network == attachment.network)
        for (const auto& alias : wish.aliases) aliases.push(alias);
    one.set("Aliases", std::move(aliases));
    networks.set(attachment.network, std::move(one));
  }
  auto out = Json::object();
  const auto* first = record.state.attachments.empty() ? nullptr : &record.state.attachments[0];
  out.set("IPAddress", first ? address_of(*first) : std::string());
  out.set("Gateway", first ? first->gateway : std::string());
  out.set("MacAddress", first ? first->mac : std::string());
  out.set("Ports", ports_json(record.state.ports));
  out.set("Networks", std::move(networks));
  return out;
}

Json driver_json(const Container& container) {
  auto out = Json::object();
  out.set("Name", container.record.rootfs ? "folder" : "overlay");
  auto data = Json::object();
  data.set("MergedDir", container.rootfs());
  if (!container.record.rootfs) {
    data.set("UpperDir", container.bundle() + "/upper");
    data.set("WorkDir", container.bundle() + "/work");
  }
  out.set("Data", std::move(data));
  return out;
}

}  // namespace

Json container_json(const Container& container, const spec::Config& config, Phase phase) {
  const auto& record = container.record;
  auto out = Json::object();
  out.set("Id", record.id);
  out.set("Name", record.name);
  out.set("Created", record.created);
  out.set("Path", record.command.empty() ? std::string() : record.command.front());
  auto args = Json::array();
  for (std::size_t i = 1; i < record.command.size(); ++i) args.push(record.command[i]);
  out.set("Args", std::move(args));
  out.set("State", state_json(record.state, phase));
  out.set("Image", record.image_digest.empty() ? record.image : record.image_digest);
  out.set("HostnamePath", container.path() + "/hostname");
  out.set("HostsPath", container.path() + "/hosts");
  out.set("ResolvConfPath", container.path() + "/resolv.conf");
  out.set("LogPath", record.log_driver == "none" ? std::string() : container.log());
  out.set("RestartCount", record.state.restarts);
  out.set("Driver", record.rootfs ? "folder" : "overlay");
  out.set("BundlePath", container.bundle());
  out.set("HostConfig", host_config_json(container, config));
  out.set("GraphDriver", driver_json(container));
  out.set("Mounts", mounts_json(container, config));
  out.set("Config", config_json(record, config));
  out.set("NetworkSettings", network_json(record));
  return out;
}

}  // namespace engine
