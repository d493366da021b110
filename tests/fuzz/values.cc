// Any text as a value of D-Bus: what is taken is all of the type that its signature says.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "plan/bus_value.h"

namespace {

// The signatures of what is inside, one after the other.
std::string inside(const std::vector<plan::BusValue>& values) {
  std::string out;
  for (const auto& value : values) out += value.signature;
  return out;
}

void check(const plan::BusValue& value) {
  auto type = value.signature.empty() ? 0 : value.signature[0];
  auto values = std::get_if<std::vector<plan::BusValue>>(&value.value);
  bool container = type == 'a' || type == '(';
  if (container != (values != nullptr)) std::abort();
  if (!values) return;
  if (type == '(' && value.signature != "(" + inside(*values) + ")") std::abort();
  for (const auto& one : *values) {
    if (type == 'a' && "a" + one.signature != value.signature) std::abort();
    check(one);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = plan::parse_bus_value({reinterpret_cast<const char*>(data), size});
  if (read) check(read.value());
  if (!read && read.error().text().find('\n') != std::string::npos) std::abort();
  return 0;
}
