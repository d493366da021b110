#include "image/credentials.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "fs/files.h"
#include "image/credential_helper.h"

namespace image {
namespace {

constexpr std::uint64_t kLargestFile = 4 << 20;

// Whether the key is the image's name or a folder above it.
bool covers(std::string_view place, std::string_view name) {
  return name.starts_with(place) && (name.size() == place.size() || name[place.size()] == '/');
}

base::Result<std::optional<Credentials>> read_entry(const base::Place& place) {
  Credentials out;
  out.identity_token = TRY(place.string_or("identitytoken", ""));
  out.user = TRY(place.string_or("username", ""));
  out.password = TRY(place.string_or("password", ""));
  auto auth = TRY(place.string_or("auth", ""));
  if (!auth.empty()) {
    auto plain = from_base64(auth);
    auto colon = plain ? plain->find(':') : std::string::npos;
    // The value is a secret: the error must not show it.
    if (colon == std::string::npos)
      return base::config_error(place.path(), ".auth: must be USER:PASSWORD in base64");
    out.user = plain->substr(0, colon);
    out.password = plain->substr(colon + 1);
  }
  // Docker leaves an empty entry where a helper keeps the password.
  if (out.user.empty() && out.identity_token.empty()) return std::optional<Credentials>();
  return std::optional<Credentials>(std::move(out));
}

}  // namespace

std::string auth_place(std::string_view key) {
  for (std::string_view scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  while (key.ends_with('/')) key.remove_suffix(1);
  for (std::string_view version : {"/v1", "/v2"})
    if (key.ends_with(version)) key.remove_suffix(version.size());
  auto slash = key.find('/');
  auto host = key.substr(0, slash);
  auto path = slash == std::string_view::npos ? std::string_view() : key.substr(slash);
  if (host == "index.docker.io" || host == "registry-1.docker.io") host = "docker.io";
  return base::cat(host, path);
}

base::Result<std::string> helper_for(const base::Json& json, std::string_view registry) {
  base::Place document(json);
  if (auto helpers = TRY(document.find("credHelpers"))) {
    auto all = TRY(helpers->string_map());
    for (const auto& [key, helper] : all)
      if (auth_place(key) == registry) return helper;
  }
  return document.string_or("credsStore", "");
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > kLargestFile) return std::nullopt;
  auto padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
  if (padding > 2) return std::nullopt;
  std::string out(text.size() / 4 * 3 + 1, '\0');
  auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

base::Result<base::Json> parse_secret_json(std::string_view text) {
  auto parsed = base::parse_json(text);
  // The parser quotes what it read last.
  if (!parsed) return base::config_error("not JSON");
  return parsed;
}

base::Result<FoundCredentials> credentials_in(std::string_view json, const Reference& reference) {
  auto root = TRY(parse_secret_json(json));
  base::Place document(root);
  FoundCredentials out;
  std::size_t longest = 0;
  if (auto auths = TRY(document.find("auths"))) {
    auto entries = TRY(auths->members());
    for (const auto& [key, entry] : entries) {
      auto place = auth_place(key);
      if (!covers(place, reference.name()) || place.size() <= longest) continue;
      auto found = TRY(read_entry(entry));
      if (!found) continue;
      out.credentials = std::move(found);
      longest = place.size();
    }
  }
  auto helper = TRY(helper_for(root, reference.registry));
  bool common = helper == TRY(document.string_or("credsStore", ""));
  if (!out.credentials || !common) out.helper = std::move(helper);
  return out;
}

namespace {

constexpr std::string_view kFiles = "containers-auth.json";

base::Result<FoundCredentials> find_in_files(const std::vector<std::string>& files,
                                             const Reference& reference,
                                             const HelperWorld& helpers) {
  FoundCredentials out;
  for (const auto& file : files) {
    auto text = fs::read_file(base::FdRef::cwd(), file, kLargestFile);
    if (!text && (text.error().code() == ENOENT || text.error().code() == ENOTDIR)) continue;
    if (!text) return std::move(text).error();
    auto found = TRY(credentials_in(text.value(), reference), file);
    if (!found.helper.empty()) {
      auto kept = helper_get(helpers, found.helper, helper_server(reference.registry));
      if (!kept) {
        if (out.note.empty()) out.note = base::cat(file, ": ", kept.error().text());
      } else if (kept.value()) {
        found.credentials = *std::move(kept).value();
      }
    }
    if (found.credentials) return found;
  }
  return out;
}

}  // namespace

base::Result<FoundCredentials> find_credentials(const std::vector<std::string>& files,
                                                const Reference& reference,
                                                const HelperWorld& helpers) {
  if (helpers.order.empty()) return find_in_files(files, reference, helpers);
  FoundCredentials out;
  for (const auto& name : helpers.order) {
    if (name == kFiles) {
      auto found = TRY(find_in_files(files, reference, helpers));
      if (found.credentials) return found;
      if (out.note.empty()) out.note = std::move(found.note);
      continue;
    }
    auto kept = helper_get(helpers, name, helper_server(reference.registry));
    if (kept && kept.value()) return FoundCredentials{.credentials = *std::move(kept).value()};
    if (!kept && out.note.empty()) out.note = kept.error().text();
  }
  return out;
}

}  // namespace image
