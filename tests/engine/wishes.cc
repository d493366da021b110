#include <doctest/doctest.h>

#include "engine/capabilities.h"
#include "engine/config_parts.h"
#include "engine/labels.h"
#include "engine/mount_wish.h"
#include "engine/seccomp_profile.h"

using namespace engine;

namespace {

const std::string kHere = "/here/now";

TEST_CASE("-v: a path of the host, a volume's name, or nothing before the place") {
  auto host = parse_volume("/a/../b:/c/:ro,rslave", kHere);
  REQUIRE(host);
  CHECK(host.value().kind == MountKind::Bind);
  CHECK(host.value().source == "/b");
  CHECK(host.value().destination == "/c");
  CHECK(host.value().read_only);
  CHECK(host.value().make_source);
  CHECK(host.value().propagation == "rslave");
  CHECK(parse_volume("./x:/c", kHere).value().source == "/here/now/x");
  CHECK(parse_volume("../x:/c", kHere).value().source == "/here/x");
  auto named = parse_volume("nest:/c:nocopy", kHere);
  REQUIRE(named);
  CHECK(named.value().kind == MountKind::Volume);
  CHECK(named.value().source == "nest");
  CHECK(!named.value().copy);
  CHECK(parse_volume("/c", kHere).value().source.empty());
}

TEST_CASE("-v: what is none is refused") {
  for (auto text :
       {"", "a:b", "/a:/", "a/b:/c", "/a:/b:fast", "/a:/b:ro:rw", "nest:/b:rshared", "-x:/b"})
    CHECK_MESSAGE(!parse_volume(text, kHere), text);
}

TEST_CASE("--mount: fields, in quotes where they hold commas") {
  auto bind = parse_mount("type=bind,\"src=/a,b\",target=/c,readonly", kHere);
  REQUIRE(bind);
  CHECK(bind.value().source == "/a,b");
  CHECK(bind.value().read_only);
  CHECK(!bind.value().make_source);
  auto memory = parse_mount("type=tmpfs,dst=/c,tmpfs-size=1m,tmpfs-mode=1770", kHere);
  REQUIRE(memory);
  CHECK(memory.value().options ==
        std::vector<std::string>{"size=1048576", "mode=1770", "noexec", "nosuid", "nodev"});
  for (auto text : {"dst=/a,tmpfs-size=1m", "type=bind,dst=/a", "type=tmpfs,src=x,dst=/a", "src=x",
                    "type=bind,src=x,dst=/a", "dst=/a,colour=red", "dst=/a,ro=maybe", "\"dst=/a"})
    CHECK_MESSAGE(!parse_mount(text, kHere), text);
}

TEST_CASE("--tmpfs: what the options say goes before what is usual") {
  CHECK(parse_tmpfs("/t:exec,size=5m").value().options ==
        std::vector<std::string>{"exec", "size=5m", "nosuid", "nodev"});
  CHECK(!parse_tmpfs("t"));
}

TEST_CASE("capabilities: ALL, single ones, and names in any form") {
  const std::vector<std::string> usual{"CAP_CHOWN", "CAP_KILL"};
  using Names = std::vector<std::string>;
  CHECK(chosen_capabilities(usual, {}, {"kill"}).value() == Names{"CAP_CHOWN"});
  CHECK(chosen_capabilities(usual, {"CAP_BPF"}, {"ALL"}).value() == Names{"CAP_BPF"});
  CHECK(chosen_capabilities(usual, {"all"}, {"CAP_BPF"}).value().size() == 40);
  CHECK(!chosen_capabilities(usual, {"FLY"}, {}));
}

TEST_CASE("label files: comments and empty lines are passed over, values stay as they are") {
  auto lines = read_lines("\xef\xbb\xbf# words\n\n  A=b c \r\nB\n");
  REQUIRE(lines);
  CHECK(lines.value() == std::vector<std::string>{"A=b c ", "B"});
  CHECK(!read_lines("=x\n"));
  CHECK(!read_lines("a b=x\n"));
  auto labels = read_labels({"a=1", "b", "a=2"});
  REQUIRE(labels);
  CHECK(labels.value() == std::vector<std::pair<std::string, std::string>>{{"a", "2"}, {"b", ""}});
}

TEST_CASE("limits of processes, policies, device rules") {
  CHECK(parse_ulimit("nofile=64:128").value().hard == 128);
  CHECK(parse_ulimit("core=-1").value().soft == ~std::uint64_t{0});
  CHECK(parse_ulimit("nofile=64").value().type == "RLIMIT_NOFILE");
  for (auto text : {"nofile", "nofile=", "nofile=9:8", "files=1", "nofile=x"})
    CHECK_MESSAGE(!parse_ulimit(text), text);
  CHECK(parse_restart("on-failure:3").value().most == 3);
  for (auto text : {"always:3", "sometimes", "on-failure:x", "on-failure:"})
    CHECK_MESSAGE(!parse_restart(text), text);
  CHECK(parse_device_rule("c 42:* rwm").value().major == 42);
  CHECK(!parse_device_rule("c 42:* rwm").value().minor);
  for (auto text : {"", "c 42 rwm", "d 1:2 r", "c 1:2 x", "c 1:2"})
    CHECK_MESSAGE(!parse_device_rule(text), text);
}

TEST_CASE("memory: swap follows the limit until it is said by itself") {
  spec::Resources resources;
  REQUIRE(apply_limits({.memory = "10M"}, resources));
  CHECK(resources.memory->swap == 10 << 20);
  REQUIRE(apply_limits({.memory = "20M"}, resources));
  CHECK(resources.memory->swap == 20 << 20);
  REQUIRE(apply_limits({.memory_swap = "-1"}, resources));
  REQUIRE(apply_limits({.memory = "30M"}, resources));
  CHECK(resources.memory->swap == -1);
  CHECK(!apply_limits({.memory = "10M", .memory_swap = "5M"}, resources));
}

TEST_CASE("a profile of docker's: rules are chosen by capability, architecture and kernel") {
  constexpr auto kProfile = R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                {"architecture": "SCMP_ARCH_S390X", "subArchitectures": ["SCMP_ARCH_S390"]}],
    "syscalls": [
      {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [], "comment": "", "includes": {}, "excludes": {}},
      {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}},
      {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
      {"names": ["later"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.10"}},
      {"names": ["s390"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
      {"name": "old", "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["s390x"]}}]})";
  auto profile = read_profile(kProfile, {"x86_64", "6.1.0-18-amd64", {"CAP_KILL"}});
  REQUIRE(profile);
  CHECK(profile.value().architectures ==
        std::vector<std::string>{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"});
  std::vector<std::string> names;
  for (const auto& rule : profile.value().syscalls) names.push_back(rule.names.front());
  CHECK(names == std::vector<std::string>{"read", "ptrace", "old"});
  CHECK(!read_profile(R"({"defaultAction": "SCMP_ACT_PRAY"})", {}));
  CHECK(!read_profile("[]", {}));
}

}  // namespace
