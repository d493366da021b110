// Internet addresses and subnets as values.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace engine {

struct Address {
  bool six = false;
  std::array<std::uint8_t, 16> bytes{};  // the first four of them, unless six
  unsigned bits() const { return six ? 128 : 32; }
  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Subnet {
  Address first{};
  unsigned prefix = 0;
  friend bool operator==(const Subnet&, const Subnet&) = default;
};

// "10.89.0.2", "fd00::1". Kind::Usage.
base::Result<Address> parse_address(std::string_view text);
// "10.89.0.0/24"; bits behind the prefix are cleared. Kind::Usage.
base::Result<Subnet> parse_subnet(std::string_view text);

std::string show(const Address& address);
std::string show(const Subnet& subnet);

// The one that comes so many later; around at the end.
Address later(Address address, std::uint64_t count);
// The one before; around at the beginning.
Address earlier(Address address);
// The last address of the subnet.
Address last_of(const Subnet& subnet);

bool contains(const Subnet& subnet, const Address& address);
bool overlap(const Subnet& one, const Subnet& other);
// 127.0.0.0/8, ::1
bool is_loopback(const Address& address);

}  // namespace engine
