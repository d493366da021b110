#include "image/login.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "fs/files.h"
#include "image/credential_helper.h"
#include "sys/file.h"

namespace image {
namespace {

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;
constexpr std::uint64_t kLargestFile = 4 << 20;

base::Result<base::Json> read_document(std::string_view json) {
  if (base::trim(json).empty()) return base::Json::object();
  auto out = TRY(parse_secret_json(json));
  if (!out.members()) return base::config_error("the document must be an object");
  return out;
}

base::Json* member(base::Json& json, std::string_view name) {
  for (auto& [key, value] : *json.members())
    if (key == name) return &value;
  return nullptr;
}

std::string_view host_of(std::string_view place) { return place.substr(0, place.find('/')); }

// The file, held against other bundlers by a lock on its folder.
struct Held {
  base::Fd folder{};
  std::string name{};
  std::string text{};
};

base::Result<Held> hold(const std::string& file) {
  auto slash = file.rfind('/');
  Held out;
  out.name = slash == std::string::npos ? file : file.substr(slash + 1);
  auto folder = slash == std::string::npos ? std::string(".") : file.substr(0, slash + 1);
  out.folder = TRY(fs::make_dirs(folder, kFolderMode));
  TRY(sys::flock(out.folder, LOCK_EX));
  auto text = fs::read_file(out.folder, out.name, kLargestFile);
  if (text)
    out.text = std::move(text).value();
  else if (text.error().code() != ENOENT)
    return std::move(text).error();
  return out;
}

base::Status save(const Held& held, std::string_view text) {
  return fs::replace_file(held.folder, held.name, text, kFileMode);
}

struct HelperEntry {
  std::string helper{};
  std::string key{};
};

// Who keeps what besides the file: the entries of "credHelpers", and with "credsStore" those of
// "auths", which Docker leaves empty.
base::Result<std::vector<HelperEntry>> helper_entries(std::string_view json,
                                                      std::string_view registry) {
  auto root = TRY(read_document(json));
  base::Place document(root);
  auto wanted = [&](std::string_view key) {
    return registry.empty() || host_of(auth_place(key)) == registry;
  };
  std::vector<HelperEntry> out;
  if (auto helpers = TRY(document.find("credHelpers"))) {
    auto all = TRY(helpers->string_map());
    for (const auto& [key, helper] : all)
      if (wanted(key)) out.push_back({helper, helper_server(auth_place(key))});
  }
  auto store = TRY(document.string_or("credsStore", ""));
  if (store.empty()) return out;
  if (auto auths = TRY(document.find("auths"))) {
    auto entries = TRY(auths->members());
    for (const auto& entry : entries)
      if (wanted(entry.first)) out.push_back({store, helper_server(auth_place(entry.first))});
  }
  return out;
}

}  // namespace

base::Result<std::string> with_credentials(std::string_view json, std::string_view registry,
                                           const Credentials& credentials) {
  auto document = TRY(read_document(json));
  if (!member(document, "auths")) document.set("auths", base::Json::object());
  auto auths = member(document, "auths");
  if (!auths->members()) return base::config_error("auths: must be an object");
  std::erase_if(*auths->members(),
                [&](const auto& entry) { return auth_place(entry.first) == registry; });
  auto entry = base::Json::object();
  if (!credentials.user.empty())
    entry.set("auth", base64(base::cat(credentials.user, ":", credentials.password)));
  entry.set_some("identitytoken", credentials.identity_token);
  auths->set(registry, std::move(entry));
  return base::dump(document, 2) + "\n";
}

base::Result<Forgotten> without_credentials(std::string_view json, std::string_view registry) {
  auto document = TRY(read_document(json));
  Forgotten out;
  auto auths = member(document, "auths");
  if (auths && auths->members())
    std::erase_if(*auths->members(), [&](const auto& entry) {
      bool gone = registry.empty() || host_of(auth_place(entry.first)) == registry;
      if (gone) out.keys.push_back(entry.first);
      return gone;
    });
  out.json = base::dump(document, 2) + "\n";
  return out;
}

base::Status save_credentials(const std::string& file, std::string_view registry,
                              const Credentials& credentials, const HelperWorld& helpers) {
  auto held = TRY(hold(file), file);
  auto root = TRY(read_document(held.text), file);
  auto helper = TRY(helper_for(root, registry), file);
  if (helper.empty())
    return save(held, TRY(with_credentials(held.text, registry, credentials), file));
  TRY(helper_store(helpers, helper, helper_server(registry), credentials));
  // An empty entry: the registry is known, the secret is elsewhere. compat: docker login
  return save(held, TRY(with_credentials(held.text, registry, {}), file));
}

base::Result<std::vector<std::string>> forget_credentials(const std::string& file,
                                                          std::string_view registry,
                                                          const HelperWorld& helpers) {
  auto held = TRY(hold(file), file);
  auto entries = TRY(helper_entries(held.text, registry), file);
  auto forgotten = TRY(without_credentials(held.text, registry), file);
  auto gone = std::move(forgotten.keys);
  for (const auto& entry : entries) {
    TRY(helper_erase(helpers, entry.helper, entry.key));
    if (std::find(gone.begin(), gone.end(), entry.key) == gone.end()) gone.push_back(entry.key);
  }
  if (!gone.empty()) TRY(save(held, forgotten.json), file);
  return gone;
}

}  // namespace image
