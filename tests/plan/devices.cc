#include "plan/devices.h"

#include <doctest/doctest.h>

#include <string>

#include "ebpf.h"

using plan::device_lines;
using plan::device_program;
using plan::device_rules;
using plan::DeviceRules;
using spec::DeviceRule;

namespace {

DeviceRules rules_of(const std::vector<DeviceRule>& configured) {
  auto rules = device_rules(configured);
  REQUIRE(rules);
  return rules.value();
}

// Whether the program allows this access ("rw") to this device.
bool allows(const DeviceRules& rules, char type, std::uint32_t dev_major, std::uint32_t dev_minor,
            std::string_view access) {
  ebpf::DeviceContext context;
  for (char c : access) context.access_and_type |= (c == 'm' ? 1U : c == 'r' ? 2U : 4U) << 16;
  context.access_and_type |= type == 'b' ? 1U : 2U;
  context.dev_major = dev_major;
  context.dev_minor = dev_minor;
  auto program = device_program(rules);
  if (program.empty()) return true;
  auto answer = ebpf::run(program, context);
  REQUIRE(answer);
  CHECK((*answer == 0 || *answer == 1));
  return *answer == 1;
}

// The lines as text: "+c 1:3 rwm" for devices.allow, "-a" for devices.deny; ours left out.
std::vector<std::string> lines_of(const DeviceRules& rules) {
  auto lines = device_lines(rules);
  REQUIRE(lines);
  std::vector<std::string> out;
  for (const auto& line : lines.value())
    if (!line.built_in) out.push_back((line.allow ? "+" : "-") + line.text);
  return out;
}

const DeviceRule kDenyAll{.allow = false, .access = "rwm"};
const DeviceRule kAllowAll{.allow = true, .access = "rwm"};

DeviceRule rule(bool allow, std::string type, std::optional<std::int64_t> dev_major,
                std::optional<std::int64_t> dev_minor, std::string access) {
  return {allow, std::move(type), dev_major, dev_minor, std::move(access)};
}

}  // namespace

TEST_CASE("without rules only the default devices are allowed, and making any node") {
  auto rules = rules_of({});
  CHECK(allows(rules, 'c', 1, 3, "rw"));
  CHECK(allows(rules, 'c', 136, 77, "rwm"));
  CHECK(allows(rules, 'c', 5, 1, "rw"));
  CHECK(allows(rules, 'c', 10, 200, "rw"));
  CHECK(allows(rules, 'b', 8, 0, "m"));
  CHECK_FALSE(allows(rules, 'b', 8, 0, "r"));
  CHECK_FALSE(allows(rules, 'b', 8, 0, "rm"));
  CHECK_FALSE(allows(rules, 'c', 10, 229, "r"));
  CHECK_FALSE(allows(rules, 'b', 1, 3, "r"));
}

TEST_CASE("a configured rule allows just its access to just its device") {
  auto rules = rules_of({kDenyAll, rule(true, "c", 10, 229, "rw"), rule(true, "b", 8, 0, "r")});
  CHECK(allows(rules, 'c', 10, 229, "rw"));
  CHECK(allows(rules, 'c', 10, 229, "r"));
  CHECK(allows(rules, 'c', 10, 229, "rwm"));  // m by the default rule
  CHECK(allows(rules, 'b', 8, 0, "r"));
  CHECK_FALSE(allows(rules, 'b', 8, 0, "rw"));
  CHECK_FALSE(allows(rules, 'b', 8, 1, "r"));
  CHECK_FALSE(allows(rules, 'b', 10, 229, "r"));
}

TEST_CASE("the last rule that names the access decides") {
  auto rules = rules_of({kDenyAll, rule(true, "b", 8, {}, "rwm"), rule(false, "b", 8, 3, "w")});
  CHECK(allows(rules, 'b', 8, 2, "rw"));
  CHECK(allows(rules, 'b', 8, 3, "r"));
  CHECK_FALSE(allows(rules, 'b', 8, 3, "w"));
  CHECK_FALSE(allows(rules, 'b', 8, 3, "rw"));
  auto again = rules_of({kDenyAll, rule(false, "b", 8, 3, "w"), rule(true, "b", 8, {}, "rwm")});
  CHECK(allows(again, 'b', 8, 3, "rw"));
}

TEST_CASE("a rule about everything makes all that came before void") {
  auto rules = rules_of({rule(true, "b", 8, 0, "r"), kDenyAll});
  CHECK_FALSE(allows(rules, 'b', 8, 0, "r"));
  CHECK(rules_of({kDenyAll, kAllowAll}) == DeviceRules{.allow_by_default = true});
  CHECK(device_program(rules_of({kAllowAll})).empty());
}

TEST_CASE("with everything allowed an exception is denied") {
  auto rules = rules_of({kAllowAll, rule(false, "b", 8, 0, "w")});
  CHECK(allows(rules, 'b', 8, 0, "r"));
  CHECK_FALSE(allows(rules, 'b', 8, 0, "w"));
  CHECK(allows(rules, 'c', 200, 200, "rwm"));
  CHECK(lines_of(rules) == std::vector<std::string>{"+a", "-b 8:0 w"});
}

TEST_CASE("a rule for all types that names numbers or some access is about both types") {
  auto rules = rules_of({kAllowAll, rule(false, "a", 7, {}, "")});
  CHECK_FALSE(allows(rules, 'b', 7, 1, "r"));
  CHECK_FALSE(allows(rules, 'c', 7, 1, "r"));
  CHECK(allows(rules, 'c', 8, 1, "r"));
  CHECK(lines_of(rules) == std::vector<std::string>{"+a", "-c 7:* rwm", "-b 7:* rwm"});
  auto writing = rules_of({kAllowAll, rule(false, "", {}, -1, "w")});
  CHECK(allows(writing, 'b', 7, 1, "r"));
  CHECK_FALSE(allows(writing, 'b', 7, 1, "w"));
}

TEST_CASE("device numbers beyond two to the thirty-first are compared as they are") {
  auto rules = rules_of({kDenyAll, rule(true, "b", 4294967295, 4000000000, "r")});
  CHECK(allows(rules, 'b', 4294967295, 4000000000, "r"));
  CHECK_FALSE(allows(rules, 'b', 4294967295, 1, "r"));
}

TEST_CASE("v1 gets the configured lines first, in their order, then the defaults") {
  auto rules = rules_of({kDenyAll, rule(true, "c", 10, 229, "rw"), rule(true, "b", 8, 0, "r")});
  auto lines = device_lines(rules);
  REQUIRE(lines);
  REQUIRE(lines.value().size() == 15);
  CHECK(lines.value()[0] == plan::DeviceLine{false, "a", false});
  CHECK(lines.value()[1] == plan::DeviceLine{true, "c 10:229 rw", false});
  CHECK(lines.value()[2] == plan::DeviceLine{true, "b 8:0 r", false});
  CHECK(lines.value()[3] == plan::DeviceLine{true, "c *:* m", true});
  CHECK(lines.value()[5] == plan::DeviceLine{true, "c 1:3 rwm", true});
}

TEST_CASE("v1 takes a wide denial back from each narrower allowance") {
  auto rules = rules_of({kDenyAll, rule(true, "b", 8, 0, "rw"), rule(true, "b", 9, 0, "rw"),
                         rule(false, "b", 8, {}, "w")});
  CHECK(lines_of(rules) == std::vector<std::string>{"-a", "+b 8:0 rw", "+b 9:0 rw", "-b 8:0 w"});
}

TEST_CASE("v1 refuses a denial that is narrower than the allowance") {
  auto lines =
      device_lines(rules_of({kDenyAll, rule(true, "b", 8, {}, "rw"), rule(false, "b", 8, 3, "w")}));
  REQUIRE_FALSE(lines);
  CHECK(lines.error().kind() == base::Kind::Unsupported);
  CHECK(lines.error().text().find("b 8:3 w") != std::string::npos);
  // Nothing in common: nothing to say.
  CHECK(
      device_lines(rules_of({kDenyAll, rule(true, "b", 8, {}, "r"), rule(false, "b", 8, 3, "w")})));
}

TEST_CASE("a rule that cannot be is refused by its path") {
  auto type = device_rules({kDenyAll, rule(true, "p", 1, 3, "r")});
  REQUIRE_FALSE(type);
  CHECK(type.error().text() == "linux.resources.devices[1].type: must be a, b or c, got \"p\"");
  CHECK_FALSE(device_rules({rule(true, "c", 1, 3, "x")}));
  CHECK_FALSE(device_rules({rule(true, "c", -2, 3, "r")}));
  CHECK_FALSE(device_rules({rule(true, "c", 1, 4294967296, "r")}));
}
