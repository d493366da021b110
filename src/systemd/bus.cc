#include "systemd/bus.h"

#include <systemd/sd-bus.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "systemd/bus_message.h"
#include "systemd/late_sd_bus.h"

namespace systemd {
namespace {

std::int64_t now_microseconds() {
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000} + now.tv_nsec / 1000;
}

struct Unref {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, Unref>;

// Kept by the callbacks, which sd-bus calls while it processes.
struct Answer {
  Message message{};
  sd_bus_slot* slot = nullptr;
  ~Answer() { sd_bus_slot_unref(slot); }
};

int keep_answer(sd_bus_message* message, void* answer, sd_bus_error*) {
  static_cast<Answer*>(answer)->message.reset(sd_bus_message_ref(message));
  return 1;
}

using Signals = std::vector<std::vector<BusValue>>;

int keep_signal(sd_bus_message* message, void* signals, sd_bus_error*) {
  static_cast<Signals*>(signals)->push_back(values_of(message));
  return 0;
}

base::Error failed(int code, std::string_view what) {
  return base::Error::from_errno(code < 0 ? -code : code, what);
}

// The errors that callers ask for, by their names.
int code_of(std::string_view name) {
  struct Row {
    std::string_view name;
    int code;
  };
  constexpr Row kRows[] = {
      {"org.freedesktop.systemd1.NoSuchUnit", ENOENT},
      {"org.freedesktop.systemd1.UnitExists", EEXIST},
      {"org.freedesktop.DBus.Error.AccessDenied", EACCES},
      {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES},
      {"org.freedesktop.DBus.Error.NoReply", ETIMEDOUT},
      {"org.freedesktop.DBus.Error.Timeout", ETIMEDOUT},
  };
  for (const auto& row : kRows)
    if (row.name == name) return row.code;
  return 0;
}

}  // namespace

struct Bus::Connection {
  sd_bus* bus = nullptr;
  sd_bus_slot* slot = nullptr;
  bool direct = false;
  bool tired = false;  // the other side did not answer in time
  std::int64_t patience = 0;
  int descriptor = -1;
  Signals signals{};

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    sd_bus_slot_unref(slot);
    // Not flushed: whatever was not sent is of no use any more, and must not be waited for.
    if (bus) sd_bus_close(bus);
    sd_bus_unref(bus);
  }

  Status open(const Address& address);
  // Lets sd-bus work until `done` says so, for at most the patience.
  template <class Done>
  Status work_until(Done done, std::string_view what);
};

Status Bus::Connection::open(const Address& address) {
  direct = address.direct;
  if (int n = sd_bus_new(&bus); n < 0) return failed(n, "sd_bus_new");
  if (int n = sd_bus_set_address(bus, address.text.c_str()); n < 0) return failed(n, "address");
  if (int n = sd_bus_set_bus_client(bus, address.direct ? 0 : 1); n < 0) return failed(n, "client");
  if (int n = sd_bus_start(bus); n < 0) return failed(n, "connect");
  descriptor = sd_bus_get_fd(bus);
  return work_until([&] { return sd_bus_is_ready(bus) > 0; }, "authenticate");
}

template <class Done>
Status Bus::Connection::work_until(Done done, std::string_view what) {
  auto end = now_microseconds() + patience;
  while (!done()) {
    int n = sd_bus_process(bus, nullptr);
    if (n < 0) return failed(n, what);
    if (n > 0) continue;
    auto left = tired ? 0 : end - now_microseconds();
    if (left <= 0) {
      tired = true;
      return base::Error(base::Kind::System, ETIMEDOUT,
                         base::cat(what, ": no answer within ", patience / 1'000'000, " s"));
    }
    n = sd_bus_wait(bus, static_cast<std::uint64_t>(left));
    if (n < 0 && n != -EINTR) return failed(n, what);
  }
  return {};
}

Bus::Bus(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Bus::Bus(Bus&&) noexcept = default;
Bus& Bus::operator=(Bus&&) noexcept = default;
Bus::~Bus() = default;

Result<Bus> Bus::connect(const std::vector<Address>& addresses, int milliseconds) {
  TRY(load_sd_bus());
  std::string reasons;
  int code = 0;
  for (const auto& address : addresses) {
    auto connection = std::make_unique<Connection>();
    connection->patience = std::int64_t{milliseconds} * 1000;
    auto opened = connection->open(address);
    if (opened) return Bus(std::move(connection));
    code = opened.error().code();
    reasons += base::cat(reasons.empty() ? "" : "; ", address.text, ": ", opened.error().text());
  }
  if (reasons.empty())
    return base::unsupported("there is no address of a message bus to connect to");
  return base::Error(base::Kind::System, code, reasons);
}

Status Bus::listen(const Call& signal) {
  // man: sd_bus_set_bus_client(3): on a direct connection nobody says who sends.
  const char* sender = connection_->direct ? nullptr : signal.service.c_str();
  int n = sd_bus_match_signal_async(
      connection_->bus, &connection_->slot, sender, signal.path.c_str(), signal.interface.c_str(),
      signal.member.c_str(), keep_signal, nullptr, &connection_->signals);
  if (n < 0) return failed(n, base::cat("listen to ", signal.member));
  return {};
}

Result<std::vector<BusValue>> Bus::call(const Call& call) {
  auto answers = TRY(call_all({call}));
  return std::move(answers.front());
}

Result<std::vector<std::vector<BusValue>>> Bus::call_all(const std::vector<Call>& calls) {
  std::vector<Answer> answers(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto& call = calls[i];
    sd_bus_message* raw = nullptr;
    int n = sd_bus_message_new_method_call(connection_->bus, &raw, call.service.c_str(),
                                           call.path.c_str(), call.interface.c_str(),
                                           call.member.c_str());
    Message message(raw);
    for (const auto& argument : call.arguments)
      if (n >= 0) n = append(raw, argument);
    if (n >= 0)
      n = sd_bus_call_async(connection_->bus, &answers[i].slot, raw, keep_answer, &answers[i],
                            UINT64_MAX);
    if (n < 0) return failed(n, call.member);
  }
  std::vector<std::vector<BusValue>> out;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    auto& answer = answers[i].message;
    TRY(connection_->work_until([&] { return answer != nullptr; }, calls[i].member));
    if (auto error = sd_bus_message_get_error(answer.get()))
      return base::Error(
          base::Kind::System, code_of(error->name ? error->name : ""),
          base::cat(calls[i].member, ": ", error->message ? error->message : error->name));
    out.push_back(values_of(answer.get()));
  }
  return out;
}

Status Bus::await_signal(const std::function<bool(const std::vector<BusValue>&)>& fits) {
  return connection_->work_until(
      [&] {
        for (const auto& signal : std::exchange(connection_->signals, {}))
          if (fits(signal)) return true;
        return false;
      },
      "wait for a signal");
}

void Bus::close_in_child() const { base::Fd(connection_->descriptor).close(); }

}  // namespace systemd
