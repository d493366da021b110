// How the rules of check.h are written: tables of named functions, each with its anchor.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "spec/config.h"

namespace spec {

// One rule. `at` stands before the members of the subject: "linux." or "" at the root.
template <class T>
struct Rule {
  std::string_view anchor{};
  base::Status (*holds)(const T& subject, std::string_view at) = nullptr;
};

// Applies the rules in order, up to the first that is broken; its anchor ends the message.
template <class T, std::size_t N>
base::Status hold(const T& subject, std::string_view at, const Rule<T> (&rules)[N]) {
  for (const auto& rule : rules) {
    auto status = rule.holds(subject, at);
    if (!status)
      return base::Error(status.error().kind(),
                         base::cat(status.error().text(), " (", rule.anchor, ")"));
  }
  return {};
}

// The rules of each part; `at` as above.
base::Status check_process(const Process& process, std::string_view at);
base::Status check_linux(const Linux& platform, std::string_view at);
base::Status check_resources(const Resources& resources, std::string_view at);
base::Status check_seccomp(const Seccomp& seccomp, std::string_view at);

// Words of several rules.

inline bool has(const Linux& platform, NamespaceType type) {
  return std::any_of(platform.namespaces.begin(), platform.namespaces.end(),
                     [&](const Namespace& n) { return n.type == type; });
}
// Made for the container, not joined.
inline bool makes(const Linux& platform, NamespaceType type) {
  return std::any_of(platform.namespaces.begin(), platform.namespaces.end(),
                     [&](const Namespace& n) { return n.type == type && n.path.empty(); });
}
inline bool is_absolute(std::string_view path) { return path.starts_with('/'); }

// "0-3,7": whether the text is such a list of numbers. Blanks after commas are the callers'.
bool is_number_list(std::string_view text);

}  // namespace spec
