// A D-Bus connection by libsystemd, which is loaded when the first one is made. No call waits
// longer than the connection's patience, and after one that did no other waits at all. man:
// sd-bus(3)
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/bus_value.h"

namespace systemd {

using base::Result;
using base::Status;
using plan::BusValue;

struct Address {
  std::string text{};   // "unix:path=/run/dbus/system_bus_socket"
  bool direct = false;  // the service's own socket, without a message bus in between
  friend bool operator==(const Address&, const Address&) = default;
};

struct Call {
  std::string service{};
  std::string path{};
  std::string interface {};
  std::string member{};
  std::vector<BusValue> arguments{};
};

class Bus {
 public:
  // The first of these that answers. `milliseconds`: the patience. Errors: Kind::Unsupported
  // without libsystemd; else each address with its reason.
  static Result<Bus> connect(const std::vector<Address>& addresses, int milliseconds);
  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;
  ~Bus();

  // Signals of this kind are kept from now on, for await_signal.
  Status listen(const Call& signal);
  // The answer's values. An error of the other side carries its own text, with the code ENOENT,
  // EEXIST or EACCES where its name means that; ETIMEDOUT when the patience is over.
  Result<std::vector<BusValue>> call(const Call& call);
  // Several at once, answered in their order.
  Result<std::vector<std::vector<BusValue>>> call_all(const std::vector<Call>& calls);
  // Waits until one of the signals fits, those that came before included.
  Status await_signal(const std::function<bool(const std::vector<BusValue>&)>& fits);

  // For a process that was cloned while this was open: its copy of the connection goes, and nothing
  // is said to the other side.
  void close_in_child() const;

 private:
  struct Connection;
  explicit Bus(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace systemd
