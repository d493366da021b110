// Any text as a file of credentials: no crash, no secret in an error, base64 there and back.
#include "image/credentials.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (auto name : {"alpine", "localhost:5000/a/b:c"}) {
    auto reference = image::parse_reference(name);
    if (!reference) std::abort();
    auto found = image::credentials_in(text, reference.value());
    if (!found && found.error().text().find("not JSON") == 0 &&
        found.error().text().find("c2Vj") != std::string::npos)
      std::abort();
  }
  (void)image::auth_place(text);
  (void)image::from_base64(text);
  auto again = image::from_base64(image::base64(text));
  if (!again || *again != text) std::abort();
  return 0;
}
