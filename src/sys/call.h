// Shared by the files of sys/ only: retrying, and errors that look like a line of strace.
#pragma once
#include <cerrno>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "base/text.h"

namespace sys {

// Runs the call until a signal no longer interrupts it.
template <class Call>
auto retry(Call call) {
  decltype(call()) n;
  do {
    n = call();
  } while (n < 0 && errno == EINTR);
  return n;
}

inline std::string show(base::FdRef fd) { return fd.raw() == -100 ? "cwd" : base::cat(fd.raw()); }
inline std::string show(const std::string& text) { return base::quote(text); }
inline std::string show(std::integral auto n) { return base::cat(n); }

// The error of the call that just failed: `failed("openat", dir, path)` is "openat(3, "x"): …".
template <class... Arguments>
base::Error failed(std::string_view call, const Arguments&... arguments) {
  int code = errno;
  std::string text = base::cat(call, "(");
  bool first = true;
  ((text += first ? "" : ", ", first = false, text += show(arguments)), ...);
  return base::Error::from_errno(code, text + ")");
}

}  // namespace sys
