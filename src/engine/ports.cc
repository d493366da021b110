#include "engine/ports.h"

#include <algorithm>

#include "base/text.h"
#include "engine/addresses.h"

namespace engine {
namespace {

using base::Result;

struct Range {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  unsigned count() const { return static_cast<unsigned>(last - first) + 1; }
};

std::optional<Range> range_of(std::string_view text) {
  auto dash = text.find('-');
  auto first = base::parse<std::uint16_t>(text.substr(0, dash));
  auto last =
      dash == std::string_view::npos ? first : base::parse<std::uint16_t>(text.substr(dash + 1));
  if (!first || !last || *first == 0 || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

// What stands before "/tcp"; the protocol is taken into `protocol`.
std::string_view without_protocol(std::string_view text, std::string& protocol) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos) return text;
  protocol = text.substr(slash + 1);
  for (auto& letter : protocol)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text.substr(0, slash);
}

bool is_protocol(std::string_view word) { return word == "tcp" || word == "udp"; }

std::vector<Port> pairs(const std::string& ip, std::optional<Range> host, Range container,
                        const std::string& protocol) {
  std::vector<Port> out;
  for (unsigned i = 0; i < container.count(); ++i)
    out.push_back({.host_ip = ip,
                   .host = static_cast<std::uint16_t>(host ? host->first + i : 0),
                   .container = static_cast<std::uint16_t>(container.first + i),
                   .protocol = protocol});
  return out;
}

// An address in front, with its colon: taken off the text.
Result<std::string> take_address(std::string_view& text) {
  std::string_view word;
  if (text.starts_with('[')) {
    auto end = text.find("]:");
    if (end == std::string_view::npos)
      return base::usage_error("\"[\" has no \"]:\" that belongs to it");
    word = text.substr(1, end - 1);
    text.remove_prefix(end + 2);
  } else if (std::count(text.begin(), text.end(), ':') >= 2) {
    auto end = text.rfind(':', text.rfind(':') - 1);
    word = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (word.find(':') != std::string_view::npos)
      return base::usage_error("an IPv6 address must stand in brackets, as in [::1]:8080:80");
  }
  if (word.empty()) return std::string();
  return show(TRY(parse_address(word)));
}

Result<std::vector<Port>> parse(std::string_view text) {
  std::string protocol = "tcp";
  text = without_protocol(text, protocol);
  if (!is_protocol(protocol))
    return base::usage_error("the protocol must be tcp or udp, not ", base::quote(protocol));
  auto ip = TRY(take_address(text));
  auto colon = text.rfind(':');
  auto inside = colon == std::string_view::npos ? text : text.substr(colon + 1);
  auto outside = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  auto container = range_of(inside);
  if (!container)
    return base::usage_error(base::quote(inside), " is neither a port nor a range of ports");
  if (outside.empty()) return pairs(ip, std::nullopt, *container, protocol);
  auto host = range_of(outside);
  if (!host)
    return base::usage_error(base::quote(outside), " is neither a port nor a range of ports");
  if (host->count() != container->count())
    return base::usage_error("the ranges ", outside, " and ", inside, " are not equally long");
  return pairs(ip, host, *container, protocol);
}

bool same_door(const Port& one, const Port& other) {
  bool same_address = one.host_ip.empty() || other.host_ip.empty() || one.host_ip == other.host_ip;
  return one.host != 0 && one.host == other.host && one.protocol == other.protocol && same_address;
}

}  // namespace

Result<std::vector<Port>> parse_ports(const std::string& text) {
  return TRY(parse(text), "-p ", text);
}

Result<std::vector<Port>> exposed_ports(const std::vector<std::string>& exposed) {
  std::vector<Port> out;
  for (const auto& text : exposed) {
    std::string protocol = "tcp";
    auto range = range_of(without_protocol(text, protocol));
    if (!range || !is_protocol(protocol))
      return base::config_error("the image exposes ", base::quote(text),
                                ", which is no port of tcp or udp");
    for (auto& port : pairs("", std::nullopt, *range, protocol)) out.push_back(std::move(port));
  }
  return out;
}

base::Status add_ports(std::vector<Port>& ports, const std::vector<Port>& more) {
  for (const auto& port : more) {
    if (std::find(ports.begin(), ports.end(), port) != ports.end()) continue;
    for (const auto& known : ports)
      if (same_door(known, port))
        return base::usage_error("-p: port ", port.host, "/", port.protocol,
                                 " of the host is to lead to ", known.container, " and to ",
                                 port.container);
    ports.push_back(port);
  }
  return {};
}

std::string show_inside(const Port& port) { return base::cat(port.container, "/", port.protocol); }

std::string show_outside(const Port& port) {
  if (port.host_ip.find(':') != std::string::npos)
    return base::cat("[", port.host_ip, "]:", port.host);
  return base::cat(port.host_ip.empty() ? "0.0.0.0" : port.host_ip, ":", port.host);
}

}  // namespace engine
