// How a container finds others by name: the texts of its hosts and resolv.conf.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/record.h"

namespace engine {

struct HostLine {
  std::string address{};
  std::vector<std::string> names{};
};

// man: hosts(5). The lines behind those for localhost.
std::string hosts_text(const std::vector<HostLine>& lines);

// What a container wants of resolv.conf.
struct DnsWish {
  std::vector<std::string> servers{};  // none: those of the host
  std::vector<std::string> search{};   // ".": none at all
  std::vector<std::string> options{};
  bool keep_loopback = false;  // it shares the host's loopback
};
// man: resolv.conf(5). From the host's text; servers of the host's loopback are left out. compat:
// docker: where none is left, public ones.
std::string resolv_text(std::string_view host, const DnsWish& wish);
// Whether a text of the host names a server that containers can reach.
bool has_server(std::string_view host);

// "name:address", the address perhaps "host-gateway". Kind::Usage.
base::Result<std::pair<std::string, std::string>> parse_extra_host(const std::string& text);
inline constexpr const char* kHostGateway = "host-gateway";

}  // namespace engine
