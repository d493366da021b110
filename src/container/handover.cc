#include "container/handover.h"

#include "base/text.h"
#include "sys/file.h"
#include "sys/socket.h"

namespace container {

base::Status check_inherited(const Inherited& inherited) {
  constexpr int kFirst = 3;
  for (int n = kFirst; n < kFirst + inherited.count(); ++n) {
    bool listening = n < kFirst + inherited.listening;
    if (!sys::fstat(base::FdRef::inherited(n)))
      return base::usage_error(listening ? "LISTEN_FDS" : "--preserve-fds", ": descriptor ", n,
                               " is not open");
  }
  return {};
}

base::Result<base::Fd> connect_pidfd_socket(const std::string& path) {
  if (path.empty()) return base::Fd();
  return TRY(sys::connect_unix(path), "--pidfd-socket");
}

base::Status send_pidfd(base::FdRef socket, std::string_view kind, base::FdRef pidfd) {
  TRY(sys::send(socket, kind, pidfd), "--pidfd-socket");
  return {};
}

}  // namespace container
