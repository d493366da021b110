#include "sys/socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "sys/call.h"
#include "sys/file.h"

namespace sys {
namespace {

struct Address {
  struct sockaddr_un raw {};
  socklen_t size = sizeof(struct sockaddr_un);
  Fd dir{};  // keeps the address valid
};

Result<Address> unix_address(const std::string& path) {
  Address out;
  out.raw.sun_family = AF_UNIX;
  std::string name = path;
  if (path.starts_with('@') && path.size() < sizeof out.raw.sun_path) {
    // An abstract name begins with NUL, and ends with the address.
    std::memcpy(out.raw.sun_path + 1, path.data() + 1, path.size() - 1);
    out.size = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + path.size());
    return out;
  }
  if (name.size() >= sizeof out.raw.sun_path) {
    auto slash = path.find_last_of('/');
    out.dir = TRY(openat(FdRef::cwd(), slash == std::string::npos ? "." : path.substr(0, slash),
                         O_PATH | O_DIRECTORY));
    name = base::cat("/proc/self/fd/", out.dir.raw(), "/", path.substr(slash + 1));
    if (name.size() >= sizeof out.raw.sun_path)
      return base::usage_error("socket ", base::quote(path), ": the name is too long");
  }
  std::memcpy(out.raw.sun_path, name.c_str(), name.size() + 1);
  return out;
}

Result<Fd> bound(const std::string& path, int type) {
  Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd) return failed("socket");
  auto address = TRY(unix_address(path));
  auto raw = reinterpret_cast<const struct sockaddr*>(&address.raw);
  if (::bind(fd.raw(), raw, address.size) < 0) return failed("bind", fd, path);
  return fd;
}

}  // namespace

Result<SocketPair> socketpair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0) return failed("socketpair");
  SocketPair out;
  out.first = Fd(ends[0]);
  out.second = Fd(ends[1]);
  return out;
}

Result<Fd> connect_unix(const std::string& path, int type) {
  Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd) return failed("socket");
  auto address = TRY(unix_address(path));
  auto raw = reinterpret_cast<const struct sockaddr*>(&address.raw);
  if (retry([&] { return ::connect(fd.raw(), raw, address.size); }) < 0)
    return failed("connect", fd, path);
  return fd;
}

Result<Fd> bind_datagram(const std::string& path) { return bound(path, SOCK_DGRAM); }

Result<Fd> listen_unix(const std::string& path) {
  auto fd = TRY(bound(path, SOCK_STREAM));
  if (::listen(fd.raw(), 8) < 0) return failed("listen", fd);
  return fd;
}

Result<Fd> accept(FdRef listening) {
  int n = retry([&] { return ::accept4(listening.raw(), nullptr, nullptr, SOCK_CLOEXEC); });
  if (n < 0) return failed("accept4", listening);
  return Fd(n);
}

Status send(FdRef socket, std::string_view bytes, std::optional<FdRef> descriptor) {
  struct iovec part {};
  part.iov_base = const_cast<char*>(bytes.data());
  part.iov_len = bytes.size();
  struct msghdr message {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int raw = descriptor->raw();
    std::memcpy(CMSG_DATA(header), &raw, sizeof raw);
  }
  if (retry([&] { return ::sendmsg(socket.raw(), &message, MSG_NOSIGNAL); }) < 0)
    return failed("sendmsg", socket);
  return {};
}

Result<Received> receive(FdRef socket, std::span<char> into) {
  struct iovec part {};
  part.iov_base = into.data();
  part.iov_len = into.size();
  struct msghdr message {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto n = retry([&] { return ::recvmsg(socket.raw(), &message, MSG_CMSG_CLOEXEC); });
  if (n < 0) return failed("recvmsg", socket);
  Received out;
  out.size = static_cast<std::size_t>(n);
  auto header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int raw = -1;
    std::memcpy(&raw, CMSG_DATA(header), sizeof raw);
    out.descriptor = Fd(raw);
  }
  return out;
}

Result<Fd> bind_internet(std::span<const std::uint8_t> address, std::uint16_t port, int type,
                         bool reuse) {
  bool six = address.size() == sizeof(struct in6_addr);
  Fd fd(::socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
  if (!fd) return failed("socket");
  int on = 1;
  if (six && ::setsockopt(fd.raw(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
    return failed("setsockopt IPV6_V6ONLY", fd);
  if (reuse && ::setsockopt(fd.raw(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
    return failed("setsockopt SO_REUSEADDR", fd);
  struct sockaddr_in6 raw6 {
    .sin6_family = AF_INET6, .sin6_port = htons(port)
  };
  struct sockaddr_in raw4 {
    .sin_family = AF_INET, .sin_port = htons(port)
  };
  if (six)
    std::memcpy(&raw6.sin6_addr, address.data(), sizeof raw6.sin6_addr);
  else
    std::memcpy(&raw4.sin_addr, address.data(), sizeof raw4.sin_addr);
  auto raw = six ? reinterpret_cast<const struct sockaddr*>(&raw6)
                 : reinterpret_cast<const struct sockaddr*>(&raw4);
  auto size = static_cast<socklen_t>(six ? sizeof raw6 : sizeof raw4);
  if (::bind(fd.raw(), raw, size) < 0) return failed("bind", fd, port);
  return fd;
}

Result<std::uint16_t> bound_port(FdRef socket) {
  struct sockaddr_storage raw {};
  socklen_t size = sizeof raw;
  if (::getsockname(socket.raw(), reinterpret_cast<struct sockaddr*>(&raw), &size) < 0)
    return failed("getsockname", socket);
  // The port is at the same place in both kinds of address.
  struct sockaddr_in internet {};
  std::memcpy(&internet, &raw, sizeof internet);
  return ntohs(internet.sin_port);
}

Status listen(FdRef socket) {
  if (::listen(socket.raw(), 0) < 0) return failed("listen", socket);
  return {};
}

}  // namespace sys
