#include "apply/route.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "sys/link.h"
#include "sys/socket.h"

namespace apply {
namespace {

using base::Result;
using base::Status;

constexpr std::size_t kLargest = 64U << 10;  // more than the kernel puts into one datagram

// Fixed structs go into and out of bytes by copying: nothing promises that they are aligned there.
template <class T>
std::string bytes_of(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T value_of(std::string_view bytes) {
  T out{};
  std::memcpy(&out, bytes.data(), std::min(sizeof out, bytes.size()));
  return out;
}

void pad(std::string& bytes) { bytes.resize((bytes.size() + 3) & ~std::size_t{3}); }

void put_attribute(std::string& message, unsigned short type, std::string_view value) {
  struct rtattr head {};
  head.rta_type = type;
  head.rta_len = static_cast<unsigned short>(sizeof head + value.size());
  message += bytes_of(head);
  message += value;
  pad(message);
}

struct Attribute {
  unsigned short type = 0;
  std::string_view value{};
};

std::vector<Attribute> attributes_of(std::string_view bytes) {
  std::vector<Attribute> out;
  while (bytes.size() >= sizeof(struct rtattr)) {
    auto head = value_of<struct rtattr>(bytes);
    if (head.rta_len < sizeof head || head.rta_len > bytes.size()) break;
    out.push_back({static_cast<unsigned short>(head.rta_type & NLA_TYPE_MASK),
                   bytes.substr(sizeof head, head.rta_len - sizeof head)});
    bytes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(head.rta_len), bytes.size()));
  }
  return out;
}

template <class Body>
std::string message(unsigned short type, unsigned flags, const Body& body) {
  struct nlmsghdr head {};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<unsigned short>(NLM_F_REQUEST | flags);
  auto out = bytes_of(head) + bytes_of(body);
  pad(out);
  return out;
}

std::string link_message(unsigned short type, int index) {
  struct ifinfomsg body {};
  body.ifi_family = AF_UNSPEC;
  body.ifi_index = index;
  return message(type, NLM_F_ACK, body);
}

// With its final zero, which the kernel wants of names.
std::string_view whole(const std::string& name) { return {name.c_str(), name.size() + 1}; }

// The kernel's own words, if it has some. Linux 4.12
std::string reason(std::string_view payload) {
  if (payload.size() <= sizeof(struct nlmsgerr)) return {};
  for (const auto& attribute : attributes_of(payload.substr(sizeof(struct nlmsgerr)))) {
    auto text = attribute.value;
    while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
    if (attribute.type == NLMSGERR_ATTR_MSG) return base::cat(" (", text, ")");
  }
  return {};
}

}  // namespace

Result<Route> Route::open() {
  auto socket = TRY(sys::route_socket());
  return Route(std::move(socket));
}

// What came in answer to a message, until it is said to be all: true; false when the kernel's lists
// changed while it told them.
Result<bool> Route::listen(std::uint32_t number, std::vector<std::string>& replies) {
  std::string buffer(kLargest, '\0');
  bool whole = true;
  for (;;) {
    auto size = TRY(sys::receive(socket_, {buffer.data(), buffer.size()}), "rtnetlink").size;
    if (size == 0) return base::system_error("rtnetlink: the kernel does not answer");
    std::string_view rest(buffer.data(), size);
    while (rest.size() >= sizeof(struct nlmsghdr)) {
      auto head = value_of<struct nlmsghdr>(rest);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > rest.size()) break;
      auto payload = rest.substr(sizeof head, head.nlmsg_len - sizeof head);
      rest.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), rest.size()));
      if (head.nlmsg_seq != number) continue;
      if (head.nlmsg_flags & NLM_F_DUMP_INTR) whole = false;
      if (head.nlmsg_type == NLMSG_DONE) return whole;
      if (head.nlmsg_type != NLMSG_ERROR) {
        replies.emplace_back(payload);
        continue;
      }
      auto code = -value_of<int>(payload);
      if (code == 0) return whole;
      return base::Error::from_errno(code, base::cat("rtnetlink", reason(payload)));
    }
  }
}

Result<std::vector<std::string>> Route::ask(std::string message) {
  constexpr int kTries = 16;
  for (int i = 0; i < kTries; ++i) {
    auto head = value_of<struct nlmsghdr>(message);
    head.nlmsg_len = static_cast<std::uint32_t>(message.size());
    head.nlmsg_seq = ++number_;
    message.replace(0, sizeof head, bytes_of(head));
    TRY(sys::send(socket_, message), "rtnetlink");
    std::vector<std::string> replies;
    if (TRY(listen(number_, replies))) return replies;
  }
  return base::system_error("rtnetlink: the kernel's lists change faster than they can be read");
}

Result<Link> Route::link(const std::string& name) {
  auto request = link_message(RTM_GETLINK, 0);
  put_attribute(request, IFLA_IFNAME, whole(name));
  auto replies = TRY(ask(std::move(request)), "network device ", base::quote(name));
  if (replies.empty() || replies.front().size() < sizeof(struct ifinfomsg))
    return base::system_error("network device ", base::quote(name), ": the kernel tells nothing");
  auto body = value_of<struct ifinfomsg>(replies.front());
  Link out;
  out.index = body.ifi_index;
  out.up = (body.ifi_flags & IFF_UP) != 0;
  return out;
}

Result<std::vector<Address>> Route::addresses(int index) {
  struct ifaddrmsg wanted {};
  auto replies = TRY(ask(message(RTM_GETADDR, NLM_F_DUMP, wanted)), "addresses");
  std::vector<Address> out;
  for (std::string_view reply : replies) {
    auto body = value_of<struct ifaddrmsg>(reply);
    if (reply.size() < sizeof body || static_cast<int>(body.ifa_index) != index) continue;
    Address address;
    address.family = body.ifa_family;
    address.prefix = body.ifa_prefixlen;
    address.scope = body.ifa_scope;
    address.flags = body.ifa_flags;
    for (const auto& attribute : attributes_of(reply.substr(sizeof body))) {
      // Not the label, which holds the device's name, and no state of the kernel's.
      constexpr unsigned short kKept[] = {IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY,
                                          11 /* IFA_PROTO, Linux 5.18 */};
      if (attribute.type == IFA_FLAGS) address.flags = value_of<std::uint32_t>(attribute.value);
      if (std::find(std::begin(kKept), std::end(kKept), attribute.type) != std::end(kKept))
        put_attribute(address.attributes, attribute.type, attribute.value);
    }
    if (address.flags & IFA_F_PERMANENT && address.scope == RT_SCOPE_UNIVERSE)
      out.push_back(std::move(address));
  }
  return out;
}

Status Route::move(int index, base::FdRef network_namespace, const std::string& name) {
  auto request = link_message(RTM_SETLINK, index);
  put_attribute(request, IFLA_NET_NS_FD, bytes_of(network_namespace.raw()));
  put_attribute(request, IFLA_IFNAME, whole(name));
  TRY(ask(std::move(request)), "move");
  return {};
}

Status Route::rename(int index, const std::string& name) {
  auto request = link_message(RTM_SETLINK, index);
  put_attribute(request, IFLA_IFNAME, whole(name));
  TRY(ask(std::move(request)), "rename to ", base::quote(name));
  return {};
}

Status Route::set_up(int index) {
  struct ifinfomsg body {};
  body.ifi_family = AF_UNSPEC;
  body.ifi_index = index;
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  TRY(ask(message(RTM_SETLINK, NLM_F_ACK, body)), "bring up");
  return {};
}

Status Route::add(int index, const Address& address) {
  constexpr std::uint32_t kLasting = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
                                     IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
  struct ifaddrmsg body {};
  body.ifa_family = address.family;
  body.ifa_prefixlen = address.prefix;
  body.ifa_scope = address.scope;
  body.ifa_index = static_cast<unsigned>(index);
  auto request = message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body);
  request += address.attributes;
  put_attribute(request, IFA_FLAGS, bytes_of(address.flags & kLasting));
  TRY(ask(std::move(request)), "add an address");
  return {};
}

}  // namespace apply
