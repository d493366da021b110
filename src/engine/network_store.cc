#include "engine/network_store.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "engine/clock.h"
#include "engine/containers.h"
#include "engine/host_routes.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"
#include "sys/random.h"

namespace engine {
namespace {

using base::Error;
using base::Fd;
using base::FdRef;
using base::Kind;
using base::Result;

constexpr const char* kEnding = ".conflist";
constexpr std::string_view kLink = "coracle";  // with a number: the names of bridges
constexpr unsigned kLinks = 4096;
constexpr int kTries = 64;

Error no_such(const std::string& name) { return Error(Kind::NotFound, "no such network: " + name); }

bool is_taken(const Subnet& subnet, const std::vector<Subnet>& taken) {
  return std::any_of(taken.begin(), taken.end(),
                     [&](const auto& one) { return overlap(one, subnet); });
}

Result<std::string> free_link(const std::vector<Network>& networks, unsigned first) {
  for (unsigned i = first; i < kLinks; ++i) {
    auto name = base::cat(kLink, i);
    bool known = std::any_of(networks.begin(), networks.end(),
                             [&](const auto& one) { return one.interface == name; });
    if (!known && !has_link(name)) return name;
  }
  return base::system_error("every name of a bridge up to ", kLink, kLinks, " is taken");
}

// Whether addresses of it are given away by us alone; those of the others are of a network outside.
bool is_ours(const Network& network) { return network.driver == "bridge"; }

base::Status choose_subnets(const std::vector<Network>& others, Network& wish) {
  std::vector<Subnet> routes;
  if (is_ours(wish)) routes = host_routes();
  auto taken = routes;
  for (const auto& other : others)
    for (const auto& one : other.subnets) taken.push_back(one.subnet);
  for (auto& one : wish.subnets) {
    if (one.subnet.prefix == 0) one.subnet = TRY(free_subnet(one.subnet.first.six, taken));
    for (const auto& other : others)
      for (const auto& theirs : other.subnets)
        if (overlap(theirs.subnet, one.subnet))
          return base::usage_error("subnet ", show(one.subnet), ": overlaps ", show(theirs.subnet),
                                   " of network ", other.name);
    if (is_taken(one.subnet, routes))
      return base::usage_error("subnet ", show(one.subnet),
                               ": overlaps one that the host has a route to");
    if (one.gateway.empty()) one.gateway = show(later(one.subnet.first, 1));
    taken.push_back(one.subnet);
  }
  return {};
}

Result<std::vector<std::string>> names_in(FdRef folder) {
  std::vector<std::string> out;
  for (const auto& entry : TRY(fs::list_dir(folder))) {
    if (!entry.name.ends_with(kEnding) || entry.name.starts_with('.')) continue;
    out.push_back(entry.name.substr(0, entry.name.size() - std::string_view(kEnding).size()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Network> read(FdRef folder, const std::string& name) {
  auto file = name + kEnding;
  auto text = fs::read_file(folder, file);
  if (!text && text.error().code() == ENOENT) return no_such(name);
  auto bytes = TRY(std::move(text), "network ", name);
  auto out = TRY(read_network(bytes), "network ", name, ": ", file);
  if (out.name != name)
    return base::config_error("network ", name, ": its file is about ", base::quote(out.name));
  return out;
}

}  // namespace

Result<Subnet> free_subnet(bool six, const std::vector<Subnet>& taken) {
  if (!six) {
    Subnet out{.prefix = 24};
    for (unsigned second = 89; second < 256; ++second) {
      for (unsigned third = 0; third < 256; ++third) {
        out.first.bytes = {10, static_cast<std::uint8_t>(second), static_cast<std::uint8_t>(third)};
        if (!is_taken(out, taken)) return out;
      }
    }
    return base::system_error("no subnet between 10.89.0.0 and 10.255.255.255 is free");
  }
  // compat: RFC 4193, chosen at random so that networks of two hosts differ
  for (int i = 0; i < kTries; ++i) {
    Subnet out{.prefix = 64};
    out.first.six = true;
    TRY(sys::random_bytes(std::span(out.first.bytes).first(8)));
    out.first.bytes[0] = 0xfd;
    if (!is_taken(out, taken)) return out;
  }
  return base::system_error("no subnet of fd00::/8 is free");
}

Result<Fd> Networks::lock() const {
  auto folder = TRY(fs::make_dirs(context_.places.engine(), 0700));
  return fs::lock_file(folder, "networks.lock");
}

Result<std::vector<Network>> Networks::list() const {
  auto folder = TRY(fs::make_dirs(context_.places.networks(), 0700));
  std::vector<Network> out;
  for (const auto& name : TRY(names_in(folder))) {
    auto network = read(folder, name);
    if (network)
      out.push_back(std::move(network).value());
    else
      context_.tell(network.error().text());
  }
  std::stable_partition(out.begin(), out.end(),
                        [](const auto& one) { return one.name == kDefaultNetwork; });
  return out;
}

Result<Network> Networks::find(const std::string& name) const {
  if (!check_name("network", name)) return no_such(base::quote(name));
  auto folder = TRY(fs::make_dirs(context_.places.networks(), 0700));
  auto found = read(folder, name);
  if (found || found.error().kind() != Kind::NotFound || name != kDefaultNetwork) return found;
  auto locked = TRY(lock());
  // Somebody may have been faster.
  found = read(folder, name);
  if (found || found.error().kind() != Kind::NotFound) return found;
  return make_default();
}

// 10.88.0.0/16, unless somebody has that.
Result<Network> Networks::make_default() const {
  Network wish{.name = kDefaultNetwork};
  auto usual = TRY(parse_subnet("10.88.0.0/16"));
  auto taken = host_routes();
  for (const auto& other : TRY(list()))
    for (const auto& one : other.subnets) taken.push_back(one.subnet);
  wish.subnets.push_back({.subnet = is_taken(usual, taken) ? Subnet{} : usual});
  return make_locked(std::move(wish));
}

Result<Network> Networks::make(Network wish) const {
  auto locked = TRY(lock());
  return make_locked(std::move(wish));
}

Result<Network> Networks::make_locked(Network wish) const {
  auto folder = TRY(fs::make_dirs(context_.places.networks(), 0700));
  auto others = TRY(list());
  for (const auto& other : others) {
    if (other.name == wish.name)
      return Error(Kind::Exists, base::cat("network ", wish.name, " exists already"));
    if (is_ours(wish) && is_ours(other) && other.interface == wish.interface)
      return base::usage_error("network ", wish.name, ": the bridge ", wish.interface,
                               " is that of network ", other.name);
  }
  TRY(choose_subnets(others, wish), "network ", wish.name);
  if (is_ours(wish) && wish.interface.empty())
    wish.interface = TRY(free_link(others, wish.name == kDefaultNetwork ? 0 : 1));
  wish.created = present_time();
  write_config(wish);
  TRY(fs::replace_file(folder, wish.name + kEnding, base::dump(wish.config, 2) + "\n", 0600));
  return wish;
}

base::Status Networks::remove(const std::string& name) const {
  auto folder = TRY(fs::make_dirs(context_.places.networks(), 0700));
  auto gone = sys::unlinkat(folder, name + kEnding);
  if (!gone && gone.error().code() == ENOENT) return no_such(name);
  return gone;
}

}  // namespace engine
