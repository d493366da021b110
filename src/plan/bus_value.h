// Values of D-Bus: what properties of systemd's units are made of.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace plan {

using base::Result;

// A value as D-Bus has it. spec:
// https://dbus.freedesktop.org/doc/dbus-specification.html#type-system
struct BusValue {
  std::string signature{};  // "b", "t", "s", "ay", "a(st)"
  // By the signature's first letter: b; y q u t; n i x; d; s o g; a (.
  std::variant<bool, std::uint64_t, std::int64_t, double, std::string, std::vector<BusValue>>
      value{};
  friend bool operator==(const BusValue&, const BusValue&) = default;

  static BusValue boolean(bool value);
  static BusValue number(std::uint64_t value);  // "t"
  static BusValue text(std::string value);
  static BusValue array(std::string signature_of_one, std::vector<BusValue> values);
  static BusValue tuple(std::vector<BusValue> values);
};

// The text format of GVariant, but for dictionaries, "nothing" and variants.
// https://docs.gtk.org/glib/gvariant-text-format.html
Result<BusValue> parse_bus_value(std::string_view text);

}  // namespace plan
