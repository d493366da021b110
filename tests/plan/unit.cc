#include "plan/unit.h"

#include <doctest/doctest.h>

#include <limits>

#include "plan/cgroup.h"

using plan::BusValue;
using plan::CgroupWrite;
using plan::SystemdHost;
using plan::UnitProperty;

namespace {

constexpr unsigned kNew = 257;
constexpr auto kNone = std::numeric_limits<std::uint64_t>::max();

plan::Request request_for(const std::string& id) {
  plan::Request out;
  out.id = id;
  return out;
}

plan::UnitPlace place_of(const std::string& path, const SystemdHost& host = {.version = kNew}) {
  auto out = plan::unit_place(path, host, request_for("c1"));
  if (!out) FAIL(out.error().text());
  return out.value();
}

std::string place_error(const std::string& path) {
  auto out = plan::unit_place(path, {.version = kNew}, request_for("c1"));
  REQUIRE_FALSE(out);
  return out.error().text();
}

CgroupWrite write_of(std::string file, std::string text) {
  CgroupWrite out;
  out.controller = file.substr(0, file.find('.'));
  out.file = std::move(file);
  out.text = std::move(text);
  return out;
}

std::vector<UnitProperty> limits_of(std::vector<CgroupWrite> writes, unsigned version = kNew) {
  auto out = plan::unit_limits(writes, version);
  if (!out) FAIL(out.error().text());
  return out.value();
}

using Properties = std::vector<UnitProperty>;
UnitProperty number(const char* name, std::uint64_t n) { return {name, BusValue::number(n)}; }

BusValue device(const char* path, std::uint64_t n) {
  return BusValue::tuple({BusValue::text(path), BusValue::number(n)});
}

BusValue parsed(std::string_view text) {
  auto out = plan::parse_bus_value(text);
  if (!out) FAIL(out.error().text());
  return out.value();
}

std::string parse_error(std::string_view text) {
  auto out = plan::parse_bus_value(text);
  if (out) FAIL("was taken: ", std::string(text));
  return out.error().text();
}

UnitProperty annotated(std::string_view name, std::string_view text) {
  auto out = plan::annotated_property(name, text);
  if (!out) FAIL(out.error().text());
  return out.value();
}

}  // namespace

TEST_CASE("slice, prefix and name make a scope below the slice's own tree") {
  auto place = place_of("a-b.slice:docker:c1");
  CHECK(place.name == "docker-c1.scope");
  CHECK(place.slice == "a-b.slice");
  CHECK(place.path == "/a.slice/a-b.slice/docker-c1.scope");
}

TEST_CASE("what is not said has a usual value") {
  CHECK(place_of("").path == "/system.slice/coracle-c1.scope");
  CHECK(place_of("::c1").path == "/system.slice/c1.scope");
  CHECK(place_of("-.slice:x:c1").path == "/x-c1.scope");
  SystemdHost user{.user = true, .version = kNew, .control_group = "/user.slice/u.service"};
  CHECK(place_of("", user).path == "/user.slice/u.service/user.slice/coracle-c1.scope");
}

TEST_CASE("a name that ends in .slice is the unit itself") {
  auto place = place_of("kubepods.slice::kubepods-pod1.slice");
  CHECK(place.name == "kubepods-pod1.slice");
  CHECK(place.path == "/kubepods.slice/kubepods-pod1.slice");
  auto plan = plan::unit(place, {.version = kNew}, {}, {}, request_for("c1"));
  REQUIRE(plan);
  CHECK_FALSE(plan.value().scope);
}

TEST_CASE("letters that a unit's name may not hold are escaped") {
  CHECK(place_of("a.slice:p:x+y").name == "p-x\\x2by.scope");
}

TEST_CASE("paths that are no unit are refused by the member's name") {
  for (auto path : {"/a/b", "a:b", "a.slice:b:c:d", "a:b:c", "-a.slice:b:c", "a--b.slice:b:c",
                    "a-.slice:b:c", ".slice:b:c", "a.slice:b:", "a/b.slice:c:d"})
    CHECK(place_error(path).starts_with("linux.cgroupsPath: "));
  CHECK(place_error("a.slice:b:" + std::string(300, 'x')).find("longer") != std::string::npos);
}

TEST_CASE("limits as written are limits of the unit") {
  CHECK(limits_of({write_of("memory.max", "1048576"), write_of("memory.swap.max", "0"),
                   write_of("memory.low", "4096"), write_of("pids.max", "max"),
                   write_of("cpu.weight", "100")}) ==
        Properties{number("MemoryMax", 1048576), number("MemorySwapMax", 0),
                   number("MemoryLow", 4096), number("TasksMax", kNone), number("CPUWeight", 100)});
}

TEST_CASE("v1's words have their own properties") {
  CHECK(limits_of({write_of("memory.limit_in_bytes", "-1"), write_of("cpu.shares", "512"),
                   write_of("blkio.weight", "300")}) == Properties{number("MemoryLimit", kNone),
                                                                   number("CPUShares", 512),
                                                                   number("BlockIOWeight", 300)});
}

TEST_CASE("a quota is a share of a second, never less than what was asked for") {
  CHECK(limits_of({write_of("cpu.max", "50000 100000")}) ==
        Properties{number("CPUQuotaPeriodUSec", 100000), number("CPUQuotaPerSecUSec", 500000)});
  CHECK(limits_of({write_of("cpu.max", "12345")}) ==
        Properties{number("CPUQuotaPerSecUSec", 130000)});
  CHECK(limits_of({write_of("cpu.max", "max 50000")}) ==
        Properties{number("CPUQuotaPeriodUSec", 50000), number("CPUQuotaPerSecUSec", kNone)});
  CHECK(limits_of({write_of("cpu.cfs_period_us", "50000"), write_of("cpu.cfs_quota_us", "25000")},
                  241) == Properties{number("CPUQuotaPerSecUSec", 500000)});
}

TEST_CASE("an idle group has the weight 0, where systemd knows that") {
  CHECK(limits_of({write_of("cpu.idle", "1")}) == Properties{number("CPUWeight", 0)});
  CHECK(limits_of({write_of("cpu.idle", "1")}, 251).empty());
  CHECK(limits_of({write_of("cpu.idle", "0")}) == Properties{number("CPUWeight", kNone)});
}

TEST_CASE("lists of processors and nodes are bits, the lowest first") {
  auto bits = [](std::vector<std::uint64_t> bytes) {
    std::vector<BusValue> out;
    for (auto byte : bytes) out.push_back({"y", byte});
    return BusValue::array("y", std::move(out));
  };
  CHECK(limits_of({write_of("cpuset.cpus", "0-2,9"), write_of("cpuset.mems", "0")}) ==
        Properties{{"AllowedCPUs", bits({0x07, 0x02})}, {"AllowedMemoryNodes", bits({0x01})}});
  CHECK(limits_of({write_of("cpuset.cpus", "0")}, 243).empty());
}

TEST_CASE("limits of devices are one list a property") {
  CHECK(limits_of({write_of("io.max", "8:0 rbps=1000"), write_of("io.max", "8:16 rbps=max"),
                   write_of("io.max", "8:0 wiops=5")}) ==
        Properties{
            {"IOReadBandwidthMax", BusValue::array("(st)", {device("/dev/block/8:0", 1000),
                                                            device("/dev/block/8:16", kNone)})},
            {"IOWriteIOPSMax", BusValue::array("(st)", {device("/dev/block/8:0", 5)})}});
}

TEST_CASE("a weight of the BFQ scheduler is told in the kernel's own scale") {
  auto write = write_of("io.bfq.weight", "500");
  write.otherwise_file = "io.weight";
  write.otherwise_text = "4950";
  CHECK(limits_of({write}) == Properties{number("IOWeight", 4950)});
  write.text = "8:0 500";
  write.otherwise_text = "8:0 4950";
  CHECK(limits_of({write}) ==
        Properties{{"IODeviceWeight", BusValue::array("(st)", {device("/dev/block/8:0", 4950)})}});
}

TEST_CASE("what systemd has no word for, or knows only later, is left to the write") {
  CHECK(limits_of({write_of("hugetlb.2MB.max", "0"), write_of("rdma.max", "mlx hca_handle=2"),
                   write_of("memory.zswap.max", "0"), write_of("memory.oom.group", "1")},
                  252)
            .empty());
  CHECK(limits_of({write_of("memory.oom.group", "1")}, 253) ==
        Properties{{"OOMPolicy", BusValue::text("kill")}});
}

TEST_CASE("device rules of v1 become a strict policy and a list") {
  auto rule = [](bool allow, std::string text) {
    CgroupWrite out;
    out.controller = "devices";
    out.file = allow ? "devices.allow" : "devices.deny";
    out.text = std::move(text);
    return out;
  };
  auto pair = [](const char* node, const char* access) {
    return BusValue::tuple({BusValue::text(node), BusValue::text(access)});
  };
  CHECK(limits_of({rule(false, "a"), rule(true, "c 1:3 rwm"), rule(true, "c 136:* rw"),
                   rule(true, "b *:* m")}) ==
        Properties{{"DevicePolicy", BusValue::text("strict")},
                   {"DeviceAllow", BusValue::array("(ss)", {})},
                   {"DeviceAllow",
                    BusValue::array("(ss)", {pair("/dev/char/1:3", "rwm"), pair("char-136", "rw"),
                                             pair("block-*", "m")})}});
  for (auto& writes : {std::vector{rule(true, "a"), rule(false, "c 1:3 r")},
                       std::vector{rule(false, "a"), rule(true, "c *:3 r")}}) {
    auto refused = plan::unit_limits(writes, kNew);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == base::Kind::Unsupported);
    CHECK(refused.error().text().starts_with("linux.resources.devices: "));
  }
}

TEST_CASE("annotations come last, and only those of properties") {
  auto plan =
      plan::unit(place_of(""), {.version = kNew}, {},
                 {{"other", "x"}, {"org.systemd.property.TimeoutStopSec", "7"}}, request_for("c1"));
  REQUIRE(plan);
  CHECK(plan.value().properties.back() == number("TimeoutStopUSec", 7'000'000));
  for (const auto& property : plan.value().properties) CHECK(property.name != "other");
}

TEST_CASE("values are written as GVariant has it") {
  CHECK(parsed("true") == BusValue::boolean(true));
  CHECK(parsed("uint64 5") == BusValue::number(5));
  CHECK(parsed("-5") == BusValue{"i", std::int64_t{-5}});
  CHECK(parsed("0x10") == BusValue{"i", std::int64_t{16}});
  CHECK(parsed("byte 255") == BusValue{"y", std::uint64_t{255}});
  CHECK(parsed("int64 -9223372036854775808") ==
        BusValue{"x", std::numeric_limits<std::int64_t>::min()});
  CHECK(parsed("2.5") == BusValue{"d", 2.5});
  CHECK(parsed("'a\\'b'") == BusValue::text("a'b"));
  CHECK(parsed(" [ 'a' , \"b\" ] ") ==
        BusValue::array("s", {BusValue::text("a"), BusValue::text("b")}));
  CHECK(parsed("[uint32 1, 2]") ==
        BusValue::array("u", {BusValue{"u", std::uint64_t{1}}, BusValue{"u", std::uint64_t{2}}}));
  CHECK(parsed("@as []") == BusValue::array("s", {}));
  CHECK(parsed("@a(st) [('/dev/sda', 7)]") == BusValue::array("(st)", {device("/dev/sda", 7)}));
  CHECK(parsed("('x', true)") == BusValue::tuple({BusValue::text("x"), BusValue::boolean(true)}));
}

TEST_CASE("what is no value is refused") {
  for (auto text :
       {"", "x", "'a", "[1, 'a']", "[]", "()", "1 2", "byte 256", "uint64 -1", "@q 65536",
        "2147483648", "0xzz", "[1", "@", "@z 1", "@as 5", "('a'", "nothing", "\"\\u00e4\""})
    CHECK_FALSE(parse_error(text).empty());
  CHECK(parse_error(std::string(100, '[')).find("deeper") != std::string::npos);
}

TEST_CASE("seconds become microseconds") {
  CHECK(annotated("RuntimeMaxSec", "uint32 2") == number("RuntimeMaxUSec", 2'000'000));
  CHECK(annotated("TimeoutStopSec", "1.5") == number("TimeoutStopUSec", 1'500'000));
  CHECK(annotated("TimeoutStopUSec", "uint64 9") == number("TimeoutStopUSec", 9));
  for (auto text : {"-1", "'a'", "1e300", "uint64 18446744073709551615"}) {
    auto refused = plan::annotated_property("TimeoutStopSec", text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text().starts_with(
        "annotations[\"org.systemd.property.TimeoutStopSec\"]: "));
  }
}

TEST_CASE("a property's name is letters and digits") {
  for (auto name : {"", "ab", "1abc", "Memory-Max", "Memory Max"})
    CHECK_FALSE(plan::annotated_property(name, "true"));
}
