#include <cerrno>
#include <cstring>

#include "base/result.h"

namespace base {

Error Error::from_errno(int code, std::string_view call) {
  auto kind = code == ENOSYS ? Kind::Unsupported : Kind::System;
  return Error(kind, code, cat(call, ": ", std::string_view(::strerror(code))));
}

}  // namespace base
