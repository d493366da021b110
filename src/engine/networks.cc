#include "engine/networks.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "engine/cni.h"
#include "engine/host_ports.h"
#include "engine/host_routes.h"
#include "engine/journal.h"
#include "engine/names_files.h"
#include "engine/network_rules.h"
#include "engine/network_store.h"
#include "engine/phase.h"
#include "engine/user_network.h"

namespace engine {
namespace {

using base::Result;
using Status = base::Status;

void note(const Context& context, const Status& status) {
  if (!status) context.tell("note: " + status.error().text());
}

bool takes_ports(const Attachment& attachment) {
  auto network = read_network(attachment.config);
  return network && network.value().takes_ports();
}

CniWish cni_wish(const Record& record, const Attachment& attachment) {
  return {.container = record.id, .interface = attachment.interface, .ports = record.state.ports};
}

std::string free_interface(const State& state) {
  for (unsigned i = 0;; ++i) {
    auto name = base::cat("eth", i);
    auto taken = std::any_of(state.attachments.begin(), state.attachments.end(),
                             [&](const auto& one) { return one.interface == name; });
    if (!taken) return name;
  }
}

Status keep_rules(const Context& context, const Network& network) {
  auto locked = TRY(Networks(context).lock());
  return add_rules(context, network);
}

// When nobody is left in it.
Status drop_rules(const Context& context, const Attachment& attachment) {
  auto network = TRY(read_network(attachment.config));
  auto locked = TRY(Networks(context).lock());
  auto members = TRY(members_of_network(context, attachment.network));
  if (members.empty()) remove_rules(context, network);
  return {};
}

// Makes the interface, having written down that it will.
Status attach(const Context& context, Container& container, const NetworkWish& wish, pid_t init) {
  auto& state = container.record.state;
  auto network = TRY(Networks(context).find(wish.network));
  bool led = std::any_of(state.attachments.begin(), state.attachments.end(), takes_ports);
  state.attachments.push_back({.network = wish.network,
                               .interface = free_interface(state),
                               .config = base::dump(network.config)});
  TRY(container.save());
  auto& attachment = state.attachments.back();
  auto cni = cni_wish(container.record, attachment);
  cni.netns = base::cat("/proc/", init, "/ns/net");
  cni.ip = wish.ip;
  cni.mac = wish.mac;
  // Ports lead into the first network that takes them.
  if (led) cni.ports.clear();
  TRY(keep_rules(context, network), "network ", wish.network);
  attachment.result = TRY(cni_add(context, attachment.config, cni), "network ", wish.network);
  auto result = TRY(read_cni_result(attachment.result), "network ", wish.network);
  attachment.addresses = std::move(result.addresses);
  attachment.gateway = std::move(result.gateway);
  attachment.mac = std::move(result.mac);
  return {};
}

// netns: empty when it is gone.
void detach(const Context& context, const Record& record, const Attachment& attachment,
            const std::string& netns) {
  if (attachment.config.empty()) return;
  auto cni = cni_wish(record, attachment);
  cni.netns = netns;
  note(context, cni_del(context, attachment.config, cni, attachment.result));
  auto result = read_cni_result(attachment.result);
  if (!result) return;
  // The kernel takes them away with the namespace, but later, and another container may keep it.
  for (const auto& link : result.value().links) note(context, delete_link(link));
}

std::vector<std::string> networks_of(const std::vector<Attachment>& attachments) {
  std::vector<std::string> out;
  out.reserve(attachments.size());
  for (const auto& attachment : attachments) out.push_back(attachment.network);
  return out;
}

void note_network_event(const Context& context, const Record& record, const std::string& network,
                        const char* action) {
  note_event(context, {.type = "network",
                       .action = action,
                       .id = network,
                       .attributes = {{"name", network}, {"container", record.id}}});
}

// After attachments have gone from the record.
void tell_of_leaving(const Context& context, const Container& container,
                     const std::vector<Attachment>& gone) {
  for (const auto& attachment : gone) {
    if (attachment.config.empty()) continue;
    note(context, drop_rules(context, attachment));
    note_network_event(context, container.record, attachment.network, "disconnect");
  }
  tell_peers(context, container, networks_of(gone));
}

}  // namespace

Result<std::vector<Container>> members_of_network(const Context& context,
                                                  const std::string& network) {
  auto out = TRY(Containers(context).list());
  std::erase_if(out, [&](const auto& container) {
    const auto& attachments = container.record.state.attachments;
    return std::none_of(attachments.begin(), attachments.end(), [&](const auto& attachment) {
      return attachment.network == network && !attachment.config.empty();
    });
  });
  return out;
}

Result<std::vector<base::Fd>> hold_ports(const Context& context, Record& record) {
  auto& ports = record.state.ports;
  ports = record.network.ports;
  auto held = TRY(bind_ports(context, ports));
  // The program that is the way out will hold them itself.
  if (record.network.mode == NetworkMode::User) held.clear();
  return held;
}

Status connect(const Context& context, Container& container, pid_t init) {
  const auto& record = container.record;
  if (record.network.mode == NetworkMode::User) TRY(start_user_network(context, container, init));
  for (const auto& wish : record.network.networks) TRY(attach(context, container, wish, init));
  TRY(write_names(context, container), "names of the network");
  const auto& attachments = record.state.attachments;
  if (attachments.empty()) return {};
  TRY(container.save());
  tell_peers(context, container, networks_of(attachments));
  for (const auto& wish : record.network.networks)
    note_network_event(context, record, wish.network, "connect");
  return {};
}

void disconnect(const Context& context, Container& container) {
  auto& state = container.record.state;
  stop_user_network(context, container);
  auto gone = std::move(state.attachments);
  state.attachments.clear();
  for (auto attachment = gone.rbegin(); attachment != gone.rend(); ++attachment)
    detach(context, container.record, *attachment, "");
  state.ports.clear();
  if (gone.empty()) return;
  // Others read it there.
  note(context, container.save());
  tell_of_leaving(context, container, gone);
}

Status join_network(const Context& context, Container& container, const NetworkWish& wish) {
  auto& record = container.record;
  if (record.network.mode != NetworkMode::Own)
    return base::state_error("container ", record.name, " has no network namespace of its own");
  auto& wishes = record.network.networks;
  for (const auto& known : wishes)
    if (known.network == wish.network)
      return base::state_error("container ", record.name, " is in network ", wish.network,
                               " already");
  TRY(check_wish(context, wish));
  auto phase = TRY(phase_now(container));
  wishes.push_back(wish);
  if (phase != Phase::Running && phase != Phase::Paused) return container.save();
  auto before = record.state.attachments.size();
  auto done = attach(context, container, wish, static_cast<pid_t>(record.state.init.pid));
  if (!done) {
    wishes.pop_back();
    std::vector<Attachment> gone(record.state.attachments.begin() + static_cast<long>(before),
                                 record.state.attachments.end());
    record.state.attachments.resize(before);
    for (const auto& attachment : gone) detach(context, record, attachment, "");
    note(context, container.save());
    tell_of_leaving(context, container, gone);
    return done;
  }
  TRY(container.save());
  tell_peers(context, container, {wish.network});
  note_network_event(context, record, wish.network, "connect");
  return {};
}

Status leave_network(const Context& context, Container& container, const std::string& network) {
  auto& record = container.record;
  auto& attachments = record.state.attachments;
  auto is_it = [&](const auto& one) { return one.network == network; };
  auto erased = std::erase_if(record.network.networks, is_it);
  auto attachment = std::find_if(attachments.begin(), attachments.end(), is_it);
  if (erased == 0 && attachment == attachments.end())
    return base::state_error("container ", record.name, " is not in network ", network);
  if (attachment == attachments.end()) return container.save();
  auto init = TRY(open_process(record.state.init, record.state.boot));
  auto netns = init ? base::cat("/proc/", record.state.init.pid, "/ns/net") : std::string();
  auto gone = std::move(*attachment);
  attachments.erase(attachment);
  detach(context, record, gone, netns);
  // Ports that led into it lead nowhere.
  if (takes_ports(gone) && std::none_of(attachments.begin(), attachments.end(), takes_ports))
    record.state.ports.clear();
  TRY(container.save());
  tell_of_leaving(context, container, {gone});
  return {};
}

}  // namespace engine
