#include "sys/random.h"

#include <sys/random.h>

#include "sys/call.h"

namespace sys {

Status random_bytes(std::span<unsigned char> into) {
  // Up to 256 bytes come at once. man: getrandom(2)
  if (::getrandom(into.data(), into.size(), 0) != static_cast<ssize_t>(into.size()))
    return failed("getrandom", into.size());
  return {};
}

}  // namespace sys
