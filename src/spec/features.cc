#include "spec/features.h"

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

// spec: features-linux.md#seccomp
Json seccomp() {
  return Json::object()
      .set("enabled", true)
      .set("actions", words(kSeccompActions))
      .set("operators", words(kSeccompOperators))
      .set("archs", words(kSeccompArchitectures))
      .set("knownFlags", words(kSeccompFlags))
      .set("supportedFlags", words(kSeccompFlags));
}

// spec: features-linux.md
Json linux_features(const FeatureFacts& facts) {
  return Json::object()
      .set("namespaces", words(kNamespaceTypes))
      .set("capabilities", facts.capabilities)
      .set("cgroup", Json::object()
                         .set("v1", true)
                         .set("v2", true)
                         .set("systemd", false)
                         .set("systemdUser", false)
                         .set("rdma", true))
      .set("seccomp", seccomp())
      .set("apparmor", enabled(true))
      .set("selinux", enabled(true))
      .set("intelRdt", enabled(false))
      .set("mountExtensions", Json::object().set("idmap", enabled(true)))
      .set("netDevices", enabled(false));
}
}  // namespace

base::Json features(const FeatureFacts& facts) {
  auto hooks = std::vector<std::string>{"prestart",       "createRuntime", "createContainer",
                                        "startContainer", "poststart",     "poststop"};
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
      .set("potentiallyUnsafeConfigAnnotations", Json::array());
}

}  // namespace spec
