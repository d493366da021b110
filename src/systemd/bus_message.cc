#include "systemd/bus_message.h"

#include <cerrno>
#include <optional>

namespace systemd {
namespace {

using plan::BusValue;

template <class T>
int append_as(sd_bus_message* message, char type, T value) {
  return sd_bus_message_append_basic(message, type, &value);
}

int append_unsigned(sd_bus_message* message, char type, std::uint64_t value) {
  switch (type) {
    case 'y':
      return append_as(message, type, static_cast<std::uint8_t>(value));
    case 'q':
      return append_as(message, type, static_cast<std::uint16_t>(value));
    case 'u':
      return append_as(message, type, static_cast<std::uint32_t>(value));
    default:
      return append_as(message, type, value);
  }
}

int append_signed(sd_bus_message* message, char type, std::int64_t value) {
  switch (type) {
    case 'n':
      return append_as(message, type, static_cast<std::int16_t>(value));
    case 'i':
      return append_as(message, type, static_cast<std::int32_t>(value));
    default:
      return append_as(message, type, value);
  }
}

// sd-bus calls a tuple 'r', and wants to know what is inside.
int append_container(sd_bus_message* message, const std::string& signature,
                     const std::vector<BusValue>& values) {
  char type = signature[0];
  auto contents = type == 'a'   ? signature.substr(1)
                  : type == 'v' ? values.front().signature
                                : signature.substr(1, signature.size() - 2);
  int n = sd_bus_message_open_container(message, type == '(' ? 'r' : type, contents.c_str());
  for (const auto& value : values) {
    if (n < 0) return n;
    n = append(message, value);
  }
  return n < 0 ? n : sd_bus_message_close_container(message);
}

template <class T>
int read_as(sd_bus_message* message, char type, std::vector<BusValue>& out) {
  T value{};
  int n = sd_bus_message_read_basic(message, type, &value);
  if (n > 0) out.push_back({std::string(1, type), static_cast<std::uint64_t>(value)});
  return n;
}

// Above 0 while there is more.
int read_one(sd_bus_message* message, char type, std::vector<BusValue>& out) {
  switch (type) {
    case 'u':
      return read_as<std::uint32_t>(message, type, out);
    case 't':
      return read_as<std::uint64_t>(message, type, out);
    case 's':
    case 'o': {
      const char* text = nullptr;
      int n = sd_bus_message_read_basic(message, type, &text);
      if (n > 0) out.push_back({std::string(1, type), std::string(text)});
      return n;
    }
    default:
      return 0;
  }
}

}  // namespace

int append(sd_bus_message* message, const BusValue& value) {
  char type = value.signature[0];
  return std::visit(
      base::each{
          [&](bool yes) { return append_as(message, type, static_cast<int>(yes)); },
          [&](std::uint64_t number) { return append_unsigned(message, type, number); },
          [&](std::int64_t number) { return append_signed(message, type, number); },
          [&](double number) { return append_as(message, type, number); },
          [&](const std::string& text) {
            return sd_bus_message_append_basic(message, type, text.c_str());
          },
          [&](const std::vector<BusValue>& values) {
            return append_container(message, value.signature, values);
          },
      },
      value.value);
}

std::vector<BusValue> values_of(sd_bus_message* message) {
  std::vector<BusValue> out;
  char type = 0;
  const char* contents = nullptr;
  while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
    bool variant = type == 'v';
    if (variant) {
      if (sd_bus_message_enter_container(message, 'v', contents) <= 0) break;
      if (sd_bus_message_peek_type(message, &type, &contents) <= 0) break;
    }
    if (read_one(message, type, out) <= 0) break;
    if (variant && sd_bus_message_exit_container(message) < 0) break;
  }
  return out;
}

}  // namespace systemd
