#include "engine/host_routes.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "fs/files.h"
#include "sys/link.h"
#include "sys/socket.h"

namespace engine {
namespace {

constexpr std::size_t kNameOfTable = 0;  // columns of /proc/net/route
constexpr std::size_t kDestination = 1;
constexpr std::size_t kMask = 7;

std::optional<Address> address6(std::string_view digits) {
  Address out{.six = true};
  if (digits.size() != 2 * out.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) {
    auto byte = base::parse<std::uint8_t>(digits.substr(2 * i, 2), 16);
    if (!byte) return std::nullopt;
    out.bytes[i] = *byte;
  }
  return out;
}

std::string text_of(const char* path) {
  auto text = fs::read_file(base::FdRef::cwd(), path);
  return text ? std::move(text).value() : std::string();
}

}  // namespace

std::vector<Subnet> parse_routes(std::string_view text) {
  std::vector<Subnet> out;
  for (auto line : base::split(text, '\n')) {
    auto words = base::words(line);
    if (words.size() <= kMask || words[kNameOfTable] == "Iface") continue;
    // Both as the bytes lie in memory.
    auto destination = base::parse<std::uint32_t>(words[kDestination], 16);
    auto mask = base::parse<std::uint32_t>(words[kMask], 16);
    if (!destination || !mask || *mask == 0) continue;
    Subnet subnet{.prefix = static_cast<unsigned>(std::popcount(*mask))};
    std::memcpy(subnet.first.bytes.data(), &*destination, sizeof *destination);
    out.push_back(subnet);
  }
  return out;
}

std::vector<Subnet> parse_routes6(std::string_view text) {
  std::vector<Subnet> out;
  for (auto line : base::split(text, '\n')) {
    auto words = base::words(line);
    if (words.size() < 2) continue;
    auto address = address6(words[0]);
    auto prefix = base::parse<unsigned>(words[1], 16);
    if (!address || !prefix || *prefix == 0 || *prefix > address->bits()) continue;
    if (address->bytes[0] >= 0xfe) continue;
    out.push_back({*address, *prefix});
  }
  return out;
}

std::vector<Subnet> host_routes() {
  auto out = parse_routes(text_of("/proc/net/route"));
  auto more = parse_routes6(text_of("/proc/net/ipv6_route"));
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

bool has_link(const std::string& name) { return ::if_nametoindex(name.c_str()) != 0; }

base::Status delete_link(const std::string& name) {
  struct {
    struct nlmsghdr header {};
    struct ifinfomsg body {};
  } request;
  auto index = ::if_nametoindex(name.c_str());
  if (index == 0) return {};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_DELLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.body.ifi_family = AF_UNSPEC;
  request.body.ifi_index = static_cast<int>(index);
  auto socket = TRY(sys::route_socket());
  std::string_view bytes(reinterpret_cast<const char*>(&request), sizeof request);
  TRY(sys::send(socket, bytes), "link ", name);
  char answer[8192];
  auto got = TRY(sys::receive(socket, answer), "link ", name);
  struct nlmsghdr header {};
  struct nlmsgerr error {};
  if (got.size < sizeof header + sizeof error)
    return base::system_error("link ", name, ": the kernel's answer is cut short");
  std::memcpy(&header, answer, sizeof header);
  std::memcpy(&error, answer + sizeof header, sizeof error);
  if (header.nlmsg_type != NLMSG_ERROR || error.error == 0 || error.error == -ENODEV) return {};
  return base::Error::from_errno(-error.error, base::cat("link ", name, ": RTM_DELLINK"));
}

}  // namespace engine
