#include "bundler/trust.h"

namespace bundler {
namespace {

constexpr const char* kSystem = "/etc/containers";
// compat: where skopeo and podman leave signatures that no configuration places.
constexpr const char* kUsualOfRoot = "/var/lib/containers/sigstore";
constexpr const char* kUsualOfUser = "/.local/share/containers/sigstore";

// Folders of containers' configuration, the user's first.
std::vector<std::string> folders(const Environment& environment) {
  std::vector<std::string> out;
  if (environment.home.starts_with('/')) out.push_back(environment.home + "/.config/containers");
  out.emplace_back(kSystem);
  return out;
}

}  // namespace

base::Result<image::Trust> read_trust(const std::string& policy, const Environment& environment) {
  std::vector<std::string> files;
  std::vector<std::string> places;
  for (const auto& folder : folders(environment)) {
    files.push_back(folder + "/policy.json");
    places.push_back(folder + "/registries.d");
  }
  image::Trust out;
  out.policy = TRY(policy.empty() ? image::find_policy(files) : image::named_policy(policy));
  auto usual = environment.uid == 0 ? std::string(kUsualOfRoot) : environment.home + kUsualOfUser;
  out.places = TRY(image::find_signature_places(places, usual), "registries.d");
  return out;
}

}  // namespace bundler
