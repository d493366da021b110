#include "engine/addresses.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace engine {
namespace {

using base::Result;

// Keeps the first `prefix` bits, and makes all later ones this.
Address with_rest(Address address, unsigned prefix, bool ones) {
  for (unsigned bit = prefix; bit < address.bits(); ++bit) {
    auto& byte = address.bytes[bit / 8];
    auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
    byte = static_cast<std::uint8_t>(ones ? byte | mask : byte & ~mask);
  }
  return address;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  Address out;
  std::string word(text);
  // What ends early for inet_pton is no address.
  bool whole = word.find('\0') == std::string::npos;
  if (whole && ::inet_pton(AF_INET, word.c_str(), out.bytes.data()) == 1) return out;
  out.six = true;
  if (whole && ::inet_pton(AF_INET6, word.c_str(), out.bytes.data()) == 1) return out;
  return base::usage_error(base::quote(text), " is no internet address");
}

Result<Subnet> parse_subnet(std::string_view text) {
  auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    auto prefix = base::parse<unsigned>(text.substr(slash + 1));
    auto address = parse_address(text.substr(0, slash));
    if (prefix && address && *prefix <= address.value().bits())
      return Subnet{with_rest(address.value(), *prefix, false), *prefix};
  }
  return base::usage_error(base::quote(text), " is no subnet, such as 192.168.10.0/24");
}

std::string show(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  auto shown =
      ::inet_ntop(address.six ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return shown ? shown : "";
}

std::string show(const Subnet& subnet) { return base::cat(show(subnet.first), "/", subnet.prefix); }

Address later(Address address, std::uint64_t count) {
  for (unsigned i = address.bits() / 8; i-- > 0 && count > 0;) {
    count += address.bytes[i];
    address.bytes[i] = static_cast<std::uint8_t>(count & 0xff);
    count >>= 8;
  }
  return address;
}

Address earlier(Address address) {
  for (unsigned i = address.bits() / 8; i-- > 0;)
    if (address.bytes[i]-- != 0) break;
  return address;
}

Address last_of(const Subnet& subnet) { return with_rest(subnet.first, subnet.prefix, true); }

bool contains(const Subnet& subnet, const Address& address) {
  return subnet.first.six == address.six && subnet.first <= address && address <= last_of(subnet);
}

bool overlap(const Subnet& one, const Subnet& other) {
  return contains(one, other.first) || contains(other, one.first);
}

bool is_loopback(const Address& address) {
  if (!address.six) return address.bytes[0] == 127;
  Address loopback{.six = true};
  loopback.bytes[15] = 1;
  return address == loopback;
}

}  // namespace engine
