#include "bundler/registries.h"

#include <unistd.h>

#include "bundler/store_commands.h"

namespace bundler {
namespace {

constexpr const char* kSystem = "/etc/containers/registries.conf";

std::string user_folder(const Environment& environment) {
  if (!environment.config_home.empty()) return environment.config_home + "/containers";
  return environment.home.empty() ? "" : environment.home + "/.config/containers";
}

}  // namespace

image::ConfFiles registries_files(const Invocation& invocation, const Environment& environment) {
  auto named =
      invocation.registries_conf.empty() ? environment.registries_conf : invocation.registries_conf;
  if (!named.empty()) return {.main = named, .must_exist = true, .folders = {named + ".d"}};
  auto folder = user_folder(environment);
  auto own = folder + "/registries.conf";
  if (!folder.empty() && ::access(own.c_str(), F_OK) == 0)
    return {.main = own, .folders = {own + ".d"}};
  image::ConfFiles out{.main = kSystem, .folders = {base::cat(kSystem, ".d")}};
  if (!folder.empty()) out.folders.push_back(own + ".d");
  return out;
}

base::Result<image::RegistriesConf> read_registries(const Invocation& invocation,
                                                    const Environment& environment) {
  auto out = TRY(image::load_registries_conf(registries_files(invocation, environment)));
  if (invocation.quiet) return out;
  for (const auto& text : out.notes) note(base::cat("note: ", text));
  return out;
}

image::RegistryOptions registry_options(const Invocation& invocation,
                                        const Environment& environment,
                                        const RegistryFlags& flags) {
  image::RegistryOptions out{.plain_http = flags.plain_http, .tls_verify = flags.tls_verify};
  auto folder = user_folder(environment);
  if (!folder.empty()) out.certificates.by_host.push_back(folder + "/certs.d");
  for (auto system : {"/etc/containers/certs.d", "/etc/docker/certs.d"})
    out.certificates.by_host.emplace_back(system);
  out.certificates.own = flags.cert_dir;
  if (invocation.debug) out.trace = [](std::string_view text) { note(base::cat("debug: ", text)); };
  return out;
}

base::Result<image::Reference> stored_name(const image::Store& store,
                                           const image::RegistriesConf& conf,
                                           const std::string& text) {
  auto names = TRY(image::meanings(conf, text));
  auto first = names.front();
  // import and tag call a short name Docker's.
  names.push_back(TRY(image::parse_reference(text)));
  for (auto& name : names) {
    auto found = TRY(store.find(name));
    if (found) return std::move(name);
  }
  return first;
}

}  // namespace bundler
