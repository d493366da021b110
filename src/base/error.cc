#include <cerrno>
#include <cstring>

#include "base/result.h"

namespace base {

std::string_view word(Kind kind) {
  switch (kind) {
    case Kind::Usage:
      return "usage";
    case Kind::Config:
      return "config";
    case Kind::Unsupported:
      return "unsupported";
    case Kind::State:
      return "state";
    case Kind::System:
      return "system";
    case Kind::Exists:
      return "exists";
    case Kind::NotFound:
      return "not-found";
    case Kind::NoProgram:
      return "no-program";
    case Kind::NotExecutable:
      return "not-executable";
    case Kind::OutOfMemory:
      return "out-of-memory";
  }
  return "system";
}

std::string_view errno_name(int code) {
  // man: strerrorname_np(3), glibc 2.32
  auto name = code > 0 ? ::strerrorname_np(code) : nullptr;
  return name ? name : "";
}

Error Error::from_errno(int code, std::string_view call) {
  auto kind = code == ENOSYS ? Kind::Unsupported : Kind::System;
  return Error(kind, code, cat(call, ": ", std::string_view(::strerror(code))));
}

}  // namespace base
