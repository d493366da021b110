// The JSON members of engine.json (spec/is.h says how such lists are read).
#pragma once
#include <array>

#include "base/named.h"
#include "engine/record.h"
#include "spec/is.h"

namespace engine {

inline constexpr std::array<base::Named<Phase>, 6> kPhases = {{{"creating", Phase::Creating},
                                                               {"created", Phase::Created},
                                                               {"running", Phase::Running},
                                                               {"paused", Phase::Paused},
                                                               {"restarting", Phase::Restarting},
                                                               {"exited", Phase::Exited}}};
inline constexpr std::array<base::Named<RestartPolicy>, 4> kRestartPolicies = {
    {{"no", RestartPolicy::No},
     {"on-failure", RestartPolicy::OnFailure},
     {"always", RestartPolicy::Always},
     {"unless-stopped", RestartPolicy::UnlessStopped}}};
inline constexpr std::array<base::Named<NetworkMode>, 4> kNetworkModes = {
    {{"own", NetworkMode::Own},
     {"host", NetworkMode::Host},
     {"container", NetworkMode::Container},
     {"user", NetworkMode::User}}};

void members(auto& f, spec::is<Restart> auto& x) {
  f.must_word("policy", x.policy, kRestartPolicies);
  f.may("most", x.most);
}

void members(auto& f, spec::is<Port> auto& x) {
  f.may("hostIp", x.host_ip);
  f.must("host", x.host);
  f.must("container", x.container);
  f.must("protocol", x.protocol);
}

void members(auto& f, spec::is<NetworkWish> auto& x) {
  f.must("network", x.network);
  f.may("aliases", x.aliases);
  f.may("ip", x.ip);
  f.may("mac", x.mac);
}

void members(auto& f, spec::is<NetworkSetup> auto& x) {
  f.must_word("mode", x.mode, kNetworkModes);
  f.may("container", x.container);
  f.may("program", x.program);
  f.may("networks", x.networks);
  f.may("ports", x.ports);
  f.may("dns", x.dns);
  f.may("dnsSearch", x.dns_search);
  f.may("dnsOptions", x.dns_options);
  f.may("extraHosts", x.extra_hosts);
}

void members(auto& f, spec::is<Attachment> auto& x) {
  f.must("network", x.network);
  f.must("interface", x.interface);
  f.may("addresses", x.addresses);
  f.may("gateway", x.gateway);
  f.may("mac", x.mac);
  f.may("result", x.result);
  f.may("config", x.config);
}

void members(auto& f, spec::is<Join> auto& x) {
  f.must("type", x.type);
  f.must("container", x.container);
}

void members(auto& f, spec::is<VolumeUse> auto& x) {
  f.must("name", x.name);
  f.must("destination", x.destination);
  f.may("readOnly", x.read_only);
  f.may("anonymous", x.anonymous);
}

void members(auto& f, spec::is<ProcessId> auto& x) {
  f.must("pid", x.pid);
  f.must("startTime", x.start_time);
}

void members(auto& f, spec::is<State> auto& x) {
  f.must_word("status", x.phase, kPhases);
  f.must("run", x.run);
  f.must("init", x.init);
  f.must("monitor", x.monitor);
  f.must("network", x.network);
  f.may("boot", x.boot);
  f.must("exitCode", x.exit_code);
  f.may("outOfMemory", x.out_of_memory);
  f.may("error", x.error);
  f.may("started", x.started);
  f.may("finished", x.finished);
  f.must("restarts", x.restarts);
  f.may("stopWanted", x.stop_wanted);
  f.may("restartWanted", x.restart_wanted);
  f.may("attachments", x.attachments);
  f.may("ports", x.ports);
}

void members(auto& f, spec::is<Record> auto& x) {
  f.must("id", x.id);
  f.must("name", x.name);
  f.must("created", x.created);
  f.must("image", x.image);
  f.may("imageDigest", x.image_digest);
  f.may("rootfs", x.rootfs);
  f.may("command", x.command);
  f.may("hostname", x.hostname);
  f.may("labels", x.labels);
  f.may("tty", x.tty);
  f.may("openStdin", x.open_stdin);
  f.may("privileged", x.privileged);
  f.may("remove", x.remove);
  f.may("systemdCgroup", x.systemd_cgroup);
  f.must("restart", x.restart);
  f.may("stopSignal", x.stop_signal);
  f.must("stopTimeout", x.stop_timeout);
  f.must("logDriver", x.log_driver);
  f.must("logSize", x.log_size);
  f.must("network", x.network);
  f.may("joins", x.joins);
  f.may("volumes", x.volumes);
  f.must("state", x.state);
}

}  // namespace engine
