// Any text as an image's name: what is taken can be written and read again, and breaks no line.
#include "image/reference.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = image::parse_reference({reinterpret_cast<const char*>(data), size});
  if (!read) {
    if (read.error().text().find('\n') != std::string::npos) std::abort();
    return 0;
  }
  auto text = read.value().text();
  // Nothing that could become a header, a query or a path that goes up.
  auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '\\'; };
  if (!std::all_of(text.begin(), text.end(), plain)) std::abort();
  if (text.find("..") != std::string::npos && text.find("/..") != std::string::npos) std::abort();
  auto again = image::parse_reference(text);
  if (!again || again.value() != read.value()) std::abort();
  return 0;
}
