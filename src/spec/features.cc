#include "spec/features.h"

#include "base/text.h"
#include "spec/state.h"
#include "spec/words.h"

namespace spec {

namespace {
using base::Json;

template <class T, std::size_t N>
Json words(const std::array<base::Named<T>, N>& table) {
  auto list = Json::array();
  for (const auto& row : table) list.push(row.word);
  return list;
}
template <std::size_t N>
Json words(const std::array<std::string_view, N>& table) {
  auto list = Json::array();
  for (auto word : table) list.push(word);
  return list;
}

Json enabled(bool yes) { return Json::object().set("enabled", yes); }

bool at_least(std::string_view version, unsigned major, unsigned minor) {
  auto parts = base::split(version, '.');
  if (parts.size() < 2) return false;
  auto first = base::parse<unsigned>(parts[0]), second = base::parse<unsigned>(parts[1]);
  return first && second && (*first != major ? *first > major : *second >= minor);
}

// Those that the library can make filters for; the planner refuses the others.
Json architectures(const FeatureFacts& facts) {
  auto list = Json::array();
  std::size_t count = at_least(facts.libseccomp_version, 2, 6) ? kSeccompArchitectures.size()
                                                               : kSeccompArchitecturesBefore26;
  for (std::size_t i = 0; i < count; ++i) list.push(kSeccompArchitectures[i]);
  return list;
}

// spec: features-linux.md#seccomp
Json seccomp(const FeatureFacts& facts) {
  return Json::object()
      .set("enabled", true)
      .set("actions", words(kSeccompActions))
      .set("operators", words(kSeccompOperators))
      .set("archs", architectures(facts))
      .set("knownFlags", words(kSeccompFlags))
      .set("supportedFlags", facts.seccomp_flags);
}

// spec: features-linux.md
Json linux_features(const FeatureFacts& facts) {
  return Json::object()
      .set("namespaces", words(kNamespaceTypes))
      .set("capabilities", facts.capabilities)
      .set("cgroup", Json::object()
                         .set("v1", true)
                         .set("v2", true)
                         .set("systemd", true)
                         .set("systemdUser", true)
                         .set("rdma", true))
      .set("seccomp", seccomp(facts))
      .set("apparmor", enabled(true))
      .set("selinux", enabled(true))
      .set("memoryPolicy", Json::object()
                               .set("modes", words(kMemoryPolicyModes))
                               .set("flags", words(kMemoryPolicyFlags)))
      .set("intelRdt",
           Json::object().set("enabled", true).set("schemata", true).set("monitoring", true))
      .set("mountExtensions", Json::object().set("idmap", enabled(true)))
      .set("netDevices", enabled(true));
}
}  // namespace

base::Json features(const FeatureFacts& facts) {
  auto hooks = std::vector<std::string>{"prestart",       "createRuntime", "createContainer",
                                        "startContainer", "poststart",     "poststop"};
  // spec: features.md#featuresPotentiallyUnsafeConfigAnnotations
  auto unsafe = std::vector<std::string>{"org.criu.config", "org.systemd.property."};
  auto annotations = Json::object();
  annotations.set("io.github.coracle.version", facts.version);
  if (!facts.libseccomp_version.empty())
    annotations.set("io.github.seccomp.libseccomp.version", facts.libseccomp_version);
  return Json::object()
      .set("ociVersionMin", "1.0.0")
      .set("ociVersionMax", kSpecVersion)
      .set("hooks", hooks)
      .set("mountOptions", facts.mount_options)
      .set("linux", linux_features(facts))
      .set("annotations", std::move(annotations))
      .set("potentiallyUnsafeConfigAnnotations", unsafe);
}

}  // namespace spec
