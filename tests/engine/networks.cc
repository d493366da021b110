// Networks as values: addresses, ports, plugins' lists and answers, texts of hosts and rules.
#include <doctest/doctest.h>

#include "engine/addresses.h"
#include "engine/cni.h"
#include "engine/host_routes.h"
#include "engine/hosts.h"
#include "engine/network.h"
#include "engine/network_commands.h"
#include "engine/network_rules.h"
#include "engine/network_store.h"
#include "engine/ports.h"

using namespace engine;

namespace {

std::vector<Port> ports(const std::string& text) {
  auto parsed = parse_ports(text);
  return parsed ? std::move(parsed).value() : std::vector<Port>();
}

Subnet subnet(std::string_view text) { return parse_subnet(text).value(); }
Address address(std::string_view text) { return parse_address(text).value(); }

Network wished(NetworkCreateCommand command) {
  command.name = "net";
  auto out = network_wish(command);
  REQUIRE(out);
  out.value().interface = "coracle1";
  write_config(out.value());
  return std::move(out).value();
}

}  // namespace

TEST_CASE("a subnet has its bits cleared, its ends, and what it overlaps") {
  CHECK(show(subnet("192.168.10.77/24")) == "192.168.10.0/24");
  CHECK(show(last_of(subnet("10.88.0.0/16"))) == "10.88.255.255");
  CHECK(show(later(address("10.0.0.255"), 1)) == "10.0.1.0");
  CHECK(show(earlier(address("10.0.1.0"))) == "10.0.0.255");
  CHECK(show(later(address("fd00::ffff"), 2)) == "fd00::1:1");
  CHECK(overlap(subnet("10.0.0.0/8"), subnet("10.89.0.0/24")));
  CHECK_FALSE(overlap(subnet("10.89.0.0/24"), subnet("10.89.1.0/24")));
  CHECK_FALSE(contains(subnet("0.0.0.0/1"), address("::1")));
  for (auto text : {"10.0.0.0", "10.0.0/24", "10.0.0.0/33", "10.0.0.0/", "::/129", "x/8"})
    CHECK_FALSE(parse_subnet(text));
}

TEST_CASE("the subnet that is chosen overlaps none of those that are taken") {
  CHECK(show(free_subnet(false, {}).value()) == "10.89.0.0/24");
  CHECK(show(free_subnet(false, {subnet("10.89.0.0/23")}).value()) == "10.89.2.0/24");
  CHECK_FALSE(free_subnet(false, {subnet("10.0.0.0/8")}));
  CHECK(show(free_subnet(true, {}).value()).starts_with("fd"));
}

TEST_CASE("ports are written in docker's ways") {
  CHECK(ports("80") == std::vector<Port>{{"", 0, 80, "tcp"}});
  CHECK(ports("8080:80/udp") == std::vector<Port>{{"", 8080, 80, "udp"}});
  CHECK(ports("127.0.0.1:8080:80") == std::vector<Port>{{"127.0.0.1", 8080, 80, "tcp"}});
  CHECK(ports("127.0.0.1::80") == std::vector<Port>{{"127.0.0.1", 0, 80, "tcp"}});
  CHECK(ports("[::1]:8080:80") == std::vector<Port>{{"::1", 8080, 80, "tcp"}});
  CHECK(ports("8000-8001:80-81") ==
        std::vector<Port>{{"", 8000, 80, "tcp"}, {"", 8001, 81, "tcp"}});
  for (auto text : {"", "0", "65536", "80:", "a:80", "80-79", "8000-8001:80", "80/sctp",
                    "::1:80:80", "[::1:80", "1.2.3:80:80", "80:80:80:80"})
    CHECK_FALSE(parse_ports(text));
}

TEST_CASE("a port of the host leads to one place") {
  std::vector<Port> all;
  CHECK(add_ports(all, ports("8080:80")));
  CHECK(add_ports(all, ports("8080:80/udp")));
  CHECK(add_ports(all, ports("8080:80")));
  CHECK(all.size() == 2);
  CHECK_FALSE(add_ports(all, ports("127.0.0.1:8080:81")));
  CHECK(exposed_ports({"80/tcp", "53/udp", "90"}).value().size() == 3);
  CHECK_FALSE(exposed_ports({"80/xyz"}));
}

TEST_CASE("routes of the host are subnets, its default route is none") {
  auto routes = parse_routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
  REQUIRE(routes.size() == 1);
  CHECK(show(routes.front()) == "192.168.1.0/24");
  auto six = parse_routes6(
      "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 0 0 0 0 0 eth0\n"
      "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 0 0 0 0 0 eth0\n"
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 0 0 0 0 0 lo\n");
  REQUIRE(six.size() == 1);
  CHECK(show(six.front()) == "fd00::/64");
}

TEST_CASE("a network is the list of plugins that makes it, and is read from it") {
  auto made = wished({.subnets = {"192.168.10.0/24"},
                      .gateways = {"192.168.10.254"},
                      .ranges = {"192.168.10.128/25"},
                      .options = {"mtu=1400"},
                      .labels = {"a=b", "c"}});
  auto text = base::dump(made.config);
  auto read = read_network(text);
  REQUIRE(read);
  CHECK(read.value().interface == "coracle1");
  REQUIRE(read.value().subnets.size() == 1);
  CHECK(read.value().subnets[0].gateway == "192.168.10.254");
  CHECK(read.value().subnets[0].first == "192.168.10.128");
  CHECK(read.value().subnets[0].last == "192.168.10.254");
  CHECK(read.value().labels == Pairs{{"a", "b"}, {"c", ""}});
  CHECK(read.value().takes_ports());
  CHECK(text.find("\"mtu\":1400") != std::string::npos);
  auto inside = wished({.subnets = {"192.168.10.0/24"}, .internal = true});
  CHECK_FALSE(inside.takes_ports());
  CHECK(base::dump(inside.config).find("0.0.0.0/0") == std::string::npos);
  CHECK(rules_text(inside, false).empty());
}

TEST_CASE("what no network can be is refused") {
  auto refused = [](NetworkCreateCommand command) { return !network_wish(command); };
  CHECK(refused({.name = "a b"}));
  CHECK(refused({.name = "host"}));
  CHECK(refused({.name = "n", .driver = "overlay"}));
  CHECK(refused({.name = "n", .driver = "macvlan"}));
  CHECK(refused({.name = "n", .subnets = {"10.0.0.0/31"}}));
  CHECK(refused({.name = "n", .subnets = {"10.0.0.0/24", "10.0.0.0/25"}}));
  CHECK(refused({.name = "n", .subnets = {"10.0.0.0/24"}, .gateways = {"10.0.1.1"}}));
  CHECK(refused({.name = "n", .subnets = {"10.0.0.0/24"}, .ranges = {"10.0.0.0/16"}}));
  CHECK(refused({.name = "n", .options = {"parent=eth0"}}));
  CHECK(refused({.name = "n", .options = {"mtu=big"}}));
}

TEST_CASE("a plugin reads the list's name, its own part, and what it can do") {
  auto list = base::parse_json(R"({"cniVersion":"1.0.0","name":"net","plugins":[
    {"type":"bridge","ipam":{"type":"host-local"},"capabilities":{"ips":true}},
    {"type":"portmap","capabilities":{"portMappings":true}}]})")
                  .value();
  auto plugins = plugins_of(list);
  CniWish wish{.ip = "10.0.0.5", .mac = "92:d0:c6:0a:29:33", .ports = ports("8080:80")};
  CHECK(base::dump(plugin_input(list, plugins[0], wish, "/run/x", {})) ==
        R"({"type":"bridge","ipam":{"type":"host-local","dataDir":"/run/x"},)"
        R"("capabilities":{"ips":true},"cniVersion":"1.0.0","name":"net",)"
        R"("runtimeConfig":{"ips":["10.0.0.5"]}})");
  auto second = base::dump(plugin_input(list, plugins[1], wish, "/run/x", base::Json::object()));
  CHECK(second.find(R"("portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}])") !=
        std::string::npos);
  CHECK(second.find(R"("prevResult":{})") != std::string::npos);
  CHECK_FALSE(is_idle(plugins[1], wish));
  CHECK(is_idle(plugins[1], {}));
}

TEST_CASE("a plugin's answer") {
  auto result = read_cni_result(R"({"cniVersion":"1.0.0","interfaces":[{"name":"coracle0"},
    {"name":"veth12"},{"name":"eth0","mac":"aa:bb:cc:dd:ee:ff","sandbox":"/proc/1/ns/net"}],
    "ips":[{"address":"10.88.0.2/16","gateway":"10.88.0.1"}]})");
  REQUIRE(result);
  CHECK(result.value().addresses == std::vector<std::string>{"10.88.0.2/16"});
  CHECK(result.value().gateway == "10.88.0.1");
  CHECK(result.value().mac == "aa:bb:cc:dd:ee:ff");
  CHECK(result.value().links == std::vector<std::string>{"veth12"});
  CHECK(cni_complaint(R"({"code":7,"msg":"no","details":"room"})") == "no: room");
  CHECK(cni_complaint("panic").empty());
}

TEST_CASE("resolv.conf is the host's, but for servers on its loopback") {
  std::string host =
      "nameserver 127.0.0.53\nnameserver 192.0.2.1\nsearch a.example\noptions edns0\n";
  CHECK(resolv_text(host, {}) == "search a.example\nnameserver 192.0.2.1\noptions edns0\n");
  CHECK(resolv_text(host, {.keep_loopback = true}).find("127.0.0.53") != std::string::npos);
  CHECK(resolv_text(host, {.servers = {"192.0.2.9"}, .search = {"."}, .options = {"ndots:2"}}) ==
        "nameserver 192.0.2.9\noptions ndots:2\n");
  CHECK_FALSE(has_server("nameserver 127.0.0.53\nnameserver ::1\n"));
}

TEST_CASE("a line of --add-host") {
  CHECK(parse_extra_host("a:10.0.0.1").value() ==
        std::pair<std::string, std::string>("a", "10.0.0.1"));
  CHECK(parse_extra_host("a:::1").value().second == "::1");
  CHECK(parse_extra_host("a:[::1]").value().second == "::1");
  CHECK(parse_extra_host("a:host-gateway").value().second == kHostGateway);
  for (auto text : {"a", ":10.0.0.1", "a:b", "a b:10.0.0.1"}) CHECK_FALSE(parse_extra_host(text));
}
