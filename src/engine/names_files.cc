#include "engine/names_files.h"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "engine/hosts.h"
#include "engine/phase.h"
#include "engine/user_network.h"
#include "fs/files.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using Status = base::Status;
using Words = std::vector<std::string>;

constexpr const char* kHosts = "hosts";
constexpr const char* kHostname = "hostname";
constexpr const char* kResolver = "resolv.conf";

// In place: the file is bound where containers see it, and a new one would not be.
Status write_in_place(FdRef folder, const char* name, const std::string& text) {
  auto file = TRY(sys::openat(folder, name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644));
  TRY(fs::write_all(file, text), name);
  return sys::ftruncate(file, text.size());
}

std::string host_text(const char* path) {
  auto text = fs::read_file(FdRef::cwd(), path);
  return text ? std::move(text).value() : std::string();
}

// Behind systemd-resolved's own server are the real ones.
std::string host_resolver(bool loopback) {
  auto text = host_text("/etc/resolv.conf");
  if (loopback || has_server(text)) return text;
  auto real = host_text("/run/systemd/resolve/resolv.conf");
  return has_server(real) ? real : text;
}

bool is_in(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void add(Words& names, const std::string& name) {
  if (!name.empty() && !is_in(names, name)) names.push_back(name);
}

std::string address_of(const std::string& with_prefix) {
  return with_prefix.substr(0, with_prefix.find('/'));
}

// By which others in a network know a container; for itself its host name first.
Words names_of(const Record& record, const std::string& network, bool own) {
  Words out;
  if (own) add(out, record.hostname);
  add(out, record.name);
  for (const auto& wish : record.network.networks)
    if (wish.network == network)
      for (const auto& alias : wish.aliases) add(out, alias);
  if (!own) add(out, record.hostname);
  add(out, record.brief());
  return out;
}

void add_lines(const Record& record, const Words& networks, bool own, std::vector<HostLine>& out) {
  for (const auto& attachment : record.state.attachments) {
    if (!own && !is_in(networks, attachment.network)) continue;
    for (const auto& address : attachment.addresses)
      out.push_back({address_of(address), names_of(record, attachment.network, own)});
  }
}

Words networks_of(const Record& record) {
  Words out;
  for (const auto& attachment : record.state.attachments) add(out, attachment.network);
  return out;
}

std::vector<HostLine> extra_lines(const Record& record) {
  std::vector<HostLine> out;
  const auto& attachments = record.state.attachments;
  for (const auto& [name, address] : record.network.extra_hosts) {
    auto real = address;
    if (address == kHostGateway)
      real = record.network.mode == NetworkMode::Host || attachments.empty()
                 ? "127.0.0.1"
                 : attachments.front().gateway;
    // An internal network has no gateway.
    if (!real.empty()) out.push_back({real, {name}});
  }
  return out;
}

// Its networks are those of a container that lives, or is about to.
bool is_up(const Container& container) {
  const auto& state = container.record.state;
  if (state.attachments.empty()) return false;
  auto phase = phase_now(container);
  bool ended = state.phase != Phase::Exited && phase && phase.value() == Phase::Exited;
  return !ended;
}

std::string hosts_of(const Record& record, const std::vector<const Record*>& others) {
  auto lines = extra_lines(record);
  if (record.network.mode == NetworkMode::Host) {
    std::string out = host_text("/etc/hosts");
    if (!out.empty() && !out.ends_with('\n')) out += '\n';
    for (const auto& line : lines)
      out += base::cat(line.address, "\t", base::join(line.names, " "), "\n");
    return out;
  }
  add_lines(record, {}, true, lines);
  // Nobody else reaches it, but it knows its own name.
  if (record.state.attachments.empty()) lines.push_back({"127.0.0.1", names_of(record, "", true)});
  auto networks = networks_of(record);
  for (const auto* other : others)
    if (other->id != record.id) add_lines(*other, networks, false, lines);
  return hosts_text(lines);
}

std::string resolver_of(const Record& record) {
  bool host = record.network.mode == NetworkMode::Host;
  DnsWish wish{.servers = record.network.dns,
               .search = record.network.dns_search,
               .options = record.network.dns_options,
               .keep_loopback = host};
  // That of the program that is its way out.
  if (wish.servers.empty() && record.network.mode == NetworkMode::User)
    wish.servers.push_back(user_network_server(record.network.program));
  return resolv_text(host_resolver(host), wish);
}

// All containers, read when nobody else writes hosts.
struct Neighbours {
  Fd lock{};
  std::vector<Container> all{};

  static Result<Neighbours> read(const Context& context) {
    Neighbours out;
    auto folder = TRY(fs::make_dirs(context.places.engine(), 0700));
    out.lock = TRY(fs::lock_file(folder, "hosts.lock"));
    out.all = TRY(Containers(context).list());
    std::erase_if(out.all, [](const auto& one) {
      return one.record.state.attachments.empty() &&
             one.record.network.mode != NetworkMode::Container;
    });
    return out;
  }
  std::vector<const Record*> records() const {
    std::vector<const Record*> out;
    for (const auto& one : all)
      if (is_up(one)) out.push_back(&one.record);
    return out;
  }
};

}  // namespace

Status write_names(const Context& context, const Container& container) {
  const auto& record = container.record;
  TRY(write_in_place(container.folder(), kHostname, record.hostname + "\n"));
  if (record.network.mode == NetworkMode::Container) {
    auto other = TRY(Containers(context).open(record.network.container));
    for (const char* name : {kHosts, kResolver})
      TRY(write_in_place(container.folder(), name, host_text((other.path() + "/" + name).c_str())));
    return {};
  }
  TRY(write_in_place(container.folder(), kResolver, resolver_of(record)));
  return write_in_place(container.folder(), kHosts, hosts_of(record, {}));
}

void tell_peers(const Context& context, const Container& container, const Words& networks) {
  auto neighbours = Neighbours::read(context);
  if (!neighbours) return context.tell("note: hosts: " + neighbours.error().text());
  auto records = neighbours.value().records();
  auto write = [&](const Container& to, const std::string& text) {
    auto done = write_in_place(to.folder(), kHosts, text);
    if (!done) context.tell("note: hosts of " + to.record.name + ": " + done.error().text());
  };
  std::set<std::string> told;
  for (const auto& other : neighbours.value().all) {
    auto theirs = networks_of(other.record);
    bool near = other.record.id == container.record.id ||
                std::any_of(theirs.begin(), theirs.end(),
                            [&](const auto& network) { return is_in(networks, network); });
    if (!near || theirs.empty()) continue;
    auto text = hosts_of(other.record, records);
    write(other, text);
    for (const auto& guest : neighbours.value().all)
      if (guest.record.network.mode == NetworkMode::Container &&
          guest.record.network.container == other.record.id)
        write(guest, text);
  }
}

}  // namespace engine
