#include "systemd/units.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "folder.h"
#include "sys/socket.h"

using systemd::Address;
using systemd::BusEnvironment;
using systemd::Units;

namespace {

constexpr int kShort = 200;  // milliseconds

std::vector<std::string> texts(const std::vector<Address>& addresses) {
  std::vector<std::string> out;
  for (const auto& address : addresses) out.push_back(address.text);
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the system's systemd is asked at its own socket first, then by the bus") {
  auto out = systemd::addresses({}, false);
  CHECK(texts(out) ==
        Texts{"unix:path=/run/systemd/private", "unix:path=/run/dbus/system_bus_socket"});
  CHECK(out[0].direct);
  CHECK_FALSE(out[1].direct);
  CHECK(texts(systemd::addresses({.system_bus = "unix:path=/x"}, false))[1] == "unix:path=/x");
}

TEST_CASE("a user's systemd is found by his environment") {
  CHECK(texts(systemd::addresses({.runtime_dir = "/run/user/7"}, true)) ==
        Texts{"unix:path=/run/user/7/systemd/private", "unix:path=/run/user/7/bus"});
  CHECK(texts(systemd::addresses({.session_bus = "unix:path=/y"}, true)) == Texts{"unix:path=/y"});
  CHECK(systemd::addresses({.system_bus = "unix:path=/x"}, true).empty());
}

TEST_CASE("without any address the error says what is missing") {
  auto out = Units::connect({}, true);
  REQUIRE_FALSE(out);
  CHECK(out.error().kind() == base::Kind::Unsupported);
  CHECK(out.error().text().find("XDG_RUNTIME_DIR") != std::string::npos);
}

TEST_CASE("where nobody listens the error names each address and why") {
  Folder folder;
  auto first = "unix:path=" + folder / "absent", second = "unix:path=" + folder / "nothing";
  auto out = Units::connect({{first, true}, {second, false}}, false, kShort);
  REQUIRE_FALSE(out);
  for (const auto& word : {first, second, std::string("No such file or directory")})
    CHECK(out.error().text().find(word) != std::string::npos);
}

TEST_CASE("who accepts and never answers is waited for as long as said, and no longer") {
  Folder folder;
  auto listening = sys::listen_unix(folder / "bus");
  REQUIRE(listening);
  for (bool direct : {true, false}) {
    auto out = Units::connect({{"unix:path=" + folder / "bus", direct}}, false, kShort);
    REQUIRE_FALSE(out);
    CHECK(out.error().code() == ETIMEDOUT);
    CHECK(out.error().text().find("no answer within") != std::string::npos);
  }
}

TEST_CASE("a socket that its server has left refuses") {
  Folder folder;
  { auto gone = sys::listen_unix(folder / "bus"); }
  auto out = Units::connect({{"unix:path=" + folder / "bus", false}}, false, kShort);
  REQUIRE_FALSE(out);
  CHECK(out.error().code() == ECONNREFUSED);
}
