#include "sys/close.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "sys/call.h"

namespace sys {

base::Status close_from(unsigned first, std::vector<int> kept) {
  std::ranges::sort(kept);
  auto close = [](unsigned from, unsigned to) -> base::Status {
    if (from > to || ::syscall(SYS_close_range, from, to, 0) == 0) return {};
    return failed("close_range", from);
  };
  for (int fd : kept) {
    auto number = static_cast<unsigned>(fd);
    if (fd < 0 || number < first) continue;
    if (number > first) TRY(close(first, number - 1));
    first = number + 1;
  }
  return close(first, ~0U);
}

}  // namespace sys
