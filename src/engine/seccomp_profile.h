// A filter profile as docker's users write it: docker's JSON, or the runtime specification's.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "spec/seccomp.h"

namespace engine {

// What the rules of a profile may depend on.
struct ProfileHost {
  std::string architecture{};               // "x86_64", "aarch64": uname's machine
  std::string kernel{};                     // "6.1.0-18-amd64": uname's release
  std::vector<std::string> capabilities{};  // of the bounding set
};

// archMap gives the architectures, includes and excludes choose rules (by caps, arches and
// minKernel). Kind::Config names the place in the document of what cannot be understood.
// compat: docker's profiles/seccomp/default.json
base::Result<spec::Seccomp> read_profile(std::string_view text, const ProfileHost& host);

}  // namespace engine
