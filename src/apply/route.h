// A conversation with the kernel about network devices and their addresses. man: rtnetlink(7)
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

struct Link {
  int index = 0;
  bool up = false;
};

// An address of a device, as the kernel tells it and takes it back.
struct Address {
  std::uint8_t family = 0;
  std::uint8_t prefix = 0;
  std::uint8_t scope = 0;
  std::uint32_t flags = 0;   // IFA_F_…
  std::string attributes{};  // of the message: the address, its peer, its broadcast address …
};

// In the network namespace that it was opened in, wherever the process goes then. An error holds
// the reason that the kernel gives in words.
class Route {
 public:
  static base::Result<Route> open();

  // The code is ENODEV when there is none of this name.
  base::Result<Link> link(const std::string& name);
  // Those that the specification wants kept: permanent ones of global scope, of every family.
  base::Result<std::vector<Address>> addresses(int index);
  // Into another namespace, under this name, down and without its addresses.
  base::Status move(int index, base::FdRef network_namespace, const std::string& name);
  base::Status rename(int index, const std::string& name);
  base::Status set_up(int index);
  base::Status add(int index, const Address& address);

 private:
  explicit Route(base::Fd socket) : socket_(std::move(socket)) {}
  base::Result<std::vector<std::string>> ask(std::string message);
  base::Result<bool> listen(std::uint32_t number, std::vector<std::string>& replies);
  base::Fd socket_;
  std::uint32_t number_ = 0;  // of the last message
};

}  // namespace apply
