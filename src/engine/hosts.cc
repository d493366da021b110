#include "engine/hosts.h"

#include "base/text.h"
#include "engine/addresses.h"

namespace engine {
namespace {

using base::Result;
using Words = std::vector<std::string>;

constexpr std::string_view kLocal =
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
constexpr const char* kPublic[]{"8.8.8.8", "8.8.4.4"};  // compat: docker, podman

struct Resolver {
  Words servers{};
  Words search{};
  Words options{};
};

bool loops(const std::string& server) {
  auto address = parse_address(server.substr(0, server.find('%')));
  return address && is_loopback(address.value());
}

Resolver parse_resolv(std::string_view text) {
  Resolver out;
  for (auto line : base::split(text, '\n')) {
    auto words = base::words(line);
    if (words.size() < 2) continue;
    Words values(words.begin() + 1, words.end());
    if (words[0] == "nameserver") out.servers.push_back(values.front());
    // The last of several holds.
    if (words[0] == "search" || words[0] == "domain") out.search = values;
    if (words[0] == "options") out.options.insert(out.options.end(), values.begin(), values.end());
  }
  return out;
}

}  // namespace

std::string hosts_text(const std::vector<HostLine>& lines) {
  std::string out(kLocal);
  for (const auto& line : lines)
    if (!line.names.empty())
      out += base::cat(line.address, "\t", base::join(line.names, " "), "\n");
  return out;
}

bool has_server(std::string_view host) {
  for (const auto& server : parse_resolv(host).servers)
    if (!loops(server)) return true;
  return false;
}

std::string resolv_text(std::string_view host, const DnsWish& wish) {
  auto resolver = parse_resolv(host);
  if (!wish.keep_loopback) std::erase_if(resolver.servers, loops);
  if (resolver.servers.empty()) resolver.servers.assign(std::begin(kPublic), std::end(kPublic));
  if (!wish.servers.empty()) resolver.servers = wish.servers;
  if (!wish.search.empty()) resolver.search = wish.search;
  if (!wish.options.empty()) resolver.options = wish.options;
  std::erase(resolver.search, ".");
  std::string out;
  if (!resolver.search.empty()) out += base::cat("search ", base::join(resolver.search, " "), "\n");
  for (const auto& server : resolver.servers) out += base::cat("nameserver ", server, "\n");
  if (!resolver.options.empty())
    out += base::cat("options ", base::join(resolver.options, " "), "\n");
  return out;
}

Result<std::pair<std::string, std::string>> parse_extra_host(const std::string& text) {
  auto colon = text.find(':');
  auto name = text.substr(0, colon);
  bool good = colon != std::string::npos && !name.empty() &&
              name.find_first_of(" \t\n#") == std::string::npos;
  if (!good) return base::usage_error("--add-host ", base::quote(text), ": must be NAME:ADDRESS");
  auto address = text.substr(colon + 1);
  if (address == kHostGateway) return std::pair(name, address);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  auto parsed = TRY(parse_address(address), "--add-host ", text);
  return std::pair(name, show(parsed));
}

}  // namespace engine
