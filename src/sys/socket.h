// System calls on sockets: bytes, and descriptors with them.
#pragma once
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

struct SocketPair {
  Fd first{};
  Fd second{};
};
// type: SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM
Result<SocketPair> socketpair(int type);

// A socket (SOCK_STREAM, SOCK_DGRAM) connected to the one bound at this path. Paths longer than
// sun_path (107 bytes) work too: they are reached through a descriptor of their directory. "@name"
// is the abstract socket of that name. man: unix(7)
Result<Fd> connect_unix(const std::string& path, int type = SOCK_STREAM);
// A datagram socket bound at this path (made by it).
Result<Fd> bind_datagram(const std::string& path);
// A stream socket that listens at this path (made by it).
Result<Fd> listen_unix(const std::string& path);
Result<Fd> accept(FdRef listening);

// Sends the bytes, with a descriptor if given (SCM_RIGHTS). Never raises SIGPIPE.
Status send(FdRef socket, std::string_view bytes, std::optional<FdRef> descriptor = {});

struct Received {
  std::size_t size = 0;  // 0: the other end is closed
  Fd descriptor{};       // close-on-exec, if one came
};
Result<Received> receive(FdRef socket, std::span<char> into);

// A socket (SOCK_STREAM, SOCK_DGRAM) bound to a port of an address of four bytes (IPv4) or sixteen
// (IPv6, and IPv6 alone). port 0: any that is free. reuse: although connections of a former one
// still fade. man: ip(7), socket(7) SO_REUSEADDR
Result<Fd> bind_internet(std::span<const std::uint8_t> address, std::uint16_t port, int type,
                         bool reuse);
Result<std::uint16_t> bound_port(FdRef socket);
// man: listen(2)
Status listen(FdRef socket);

}  // namespace sys
