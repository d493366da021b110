#include "image/registries_conf.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/named.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "image/toml.h"
#include "sys/file.h"

namespace image {
namespace {

constexpr std::uint64_t kLargestFile = 4 << 20;

constexpr std::array<base::Named<ShortNames>, 3> kShortNames{{
    {"permissive", ShortNames::Permissive},
    {"enforcing", ShortNames::Enforcing},
    {"disabled", ShortNames::Disabled},
}};
constexpr std::array<base::Named<Mirror::For>, 3> kUses{{
    {"all", Mirror::For::All},
    {"digest-only", Mirror::For::Digests},
    {"tag-only", Mirror::For::Tags},
}};

// "host/path" without a slash at its end; the empty text where there is none.
base::Result<std::string> read_place(const TomlTable& table, std::string_view key) {
  auto text = TRY(table.string_or(key, ""));
  while (text.ends_with('/')) text.pop_back();
  if (text.find("://") != std::string::npos)
    return table.error(key,
                       base::cat("must be HOST[:PORT][/PATH], not a URL: ", base::quote(text)));
  return text;
}

// "*.host" alone: the wildcard stands for subdomains, and nothing follows the host.
bool is_prefix(std::string_view prefix) {
  auto star = prefix.find('*');
  if (star == std::string_view::npos) return true;
  return prefix.starts_with("*.") && prefix.size() > 2 &&
         prefix.find_first_of("*/:@", 1) == std::string_view::npos;
}

base::Result<Mirror> read_mirror(const TomlTable& table, bool rule_is_digest_only) {
  Mirror out;
  out.location = TRY(read_place(table, "location"));
  if (out.location.empty()) return table.error("", "a mirror needs a location");
  out.insecure = TRY(table.bool_or("insecure", false));
  auto use = TRY(table.string_or("pull-from-mirror", ""));
  if (use.empty()) return out;
  auto value = base::value_of(kUses, use);
  if (!value)
    return table.error("pull-from-mirror",
                       base::cat("must be all, digest-only or tag-only, not ", base::quote(use)));
  if (rule_is_digest_only)
    return table.error("pull-from-mirror", "contradicts mirror-by-digest-only of its registry");
  out.used_for = *value;
  return out;
}

base::Result<RegistryRule> read_rule(const TomlTable& table, const std::string& file) {
  RegistryRule out;
  out.file = file;
  out.location = TRY(read_place(table, "location"));
  out.prefix = TRY(read_place(table, "prefix"));
  if (!is_prefix(out.prefix))
    return table.error(
        "prefix", base::cat(base::quote(out.prefix), ": a wildcard is only known as \"*.HOST\""));
  bool wild = out.prefix.starts_with('*');
  if (out.location.empty() && !wild) return table.error("", "a registry needs a location");
  if (out.prefix.empty()) out.prefix = out.location;
  if (table.has("insecure")) out.insecure = TRY(table.bool_or("insecure", false));
  out.blocked = TRY(table.bool_or("blocked", false));
  out.mirror_by_digest_only = TRY(table.bool_or("mirror-by-digest-only", false));
  for (const auto& mirror : TRY(table.tables("mirror")))
    out.mirrors.push_back(TRY(read_mirror(mirror, out.mirror_by_digest_only)));
  return out;
}

// Of two tables with one prefix the first counts; they must not disagree on what is safe.
base::Status add_rule(RegistriesConf& conf, RegistryRule rule, const TomlTable& table) {
  auto same = std::find_if(conf.rules.begin(), conf.rules.end(),
                           [&](const RegistryRule& other) { return other.prefix == rule.prefix; });
  if (same == conf.rules.end()) {
    conf.rules.push_back(std::move(rule));
    return {};
  }
  if (same->insecure.value_or(false) != rule.insecure.value_or(false) ||
      same->blocked != rule.blocked)
    return table.error("", base::cat(base::quote(rule.prefix),
                                     " has another table, which says otherwise of insecure or "
                                     "blocked"));
  return {};
}

base::Status read_aliases(const TomlTable& table, RegistriesConf& conf) {
  for (const auto& [name, value] : TRY(table.strings())) {
    bool plain = name.find_first_of(":@") == std::string::npos &&
                 value.find('@') == std::string::npos &&
                 value.rfind(':') == value.substr(0, value.find('/')).rfind(':');
    if (!plain) return table.error(name, "neither name of an alias may have a tag or a digest");
    if (!value.empty() && value.find('/') == std::string::npos)
      return table.error(name, base::cat(base::quote(value), " must be REGISTRY/NAME"));
    conf.aliases[name] = value;
  }
  return {};
}

constexpr std::array<std::string_view, 6> kKnown{
    "registry",           "unqualified-search-registries",
    "short-name-mode",    "aliases",
    "credential-helpers", "registries"};
constexpr std::array<std::string_view, 6> kKnownOfRule{
    "prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only"};
constexpr std::array<std::string_view, 3> kKnownOfMirror{"location", "insecure",
                                                         "pull-from-mirror"};

// Keys that nobody knows: podman warns of them.
base::Status note_unknown(const TomlTable& table, std::span<const std::string_view> known,
                          RegistriesConf& conf) {
  for (const auto& key : table.keys())
    if (std::find(known.begin(), known.end(), key) == known.end())
      conf.notes.push_back(table.error(key, "is not known here, and ignored").text());
  return {};
}

base::Status read_search(const TomlTable& root, RegistriesConf& conf) {
  if (!root.has("unqualified-search-registries")) return {};
  conf.search = TRY(root.string_list("unqualified-search-registries"));
  for (auto& registry : *conf.search) {
    while (registry.ends_with('/')) registry.pop_back();
    if (registry.empty() || registry.find('/') != std::string::npos)
      return root.error("unqualified-search-registries",
                        base::cat(base::quote(registry), " is not HOST[:PORT]"));
  }
  return {};
}

}  // namespace

base::Result<RegistriesConf> read_registries_conf(std::string_view text, const std::string& file) {
  RegistriesConf out;
  auto document = TRY(TomlDocument::parse(text, file));
  auto root = document.root();
  if (root.has("registries"))
    return base::unsupported(
        root.error("registries", "is version 1 of the format: write [[registry]] tables").text());
  TRY(note_unknown(root, kKnown, out));
  TRY(read_search(root, out));
  auto mode = TRY(root.string_or("short-name-mode", ""));
  if (!mode.empty()) {
    out.short_names = base::value_of(kShortNames, mode);
    if (!out.short_names)
      return root.error(
          "short-name-mode",
          base::cat("must be enforcing, permissive or disabled, not ", base::quote(mode)));
  }
  if (root.has("credential-helpers")) out.helpers = TRY(root.string_list("credential-helpers"));
  for (const auto& table : TRY(root.tables("registry"))) {
    TRY(note_unknown(table, kKnownOfRule, out));
    for (const auto& mirror : TRY(table.tables("mirror")))
      TRY(note_unknown(mirror, kKnownOfMirror, out));
    auto rule = TRY(read_rule(table, file));
    TRY(add_rule(out, std::move(rule), table));
  }
  if (auto aliases = TRY(root.table("aliases"))) TRY(read_aliases(*aliases, out));
  return out;
}

void merge(RegistriesConf& into, RegistriesConf later) {
  for (auto& rule : later.rules) {
    auto same = std::find_if(into.rules.begin(), into.rules.end(), [&](const RegistryRule& other) {
      return other.prefix == rule.prefix;
    });
    if (same != into.rules.end())
      *same = std::move(rule);
    else
      into.rules.push_back(std::move(rule));
  }
  if (later.search) into.search = std::move(later.search);
  if (later.short_names) into.short_names = later.short_names;
  if (later.helpers) into.helpers = std::move(later.helpers);
  for (auto& [name, value] : later.aliases) into.aliases[name] = std::move(value);
  std::move(later.notes.begin(), later.notes.end(), std::back_inserter(into.notes));
}

base::Result<RegistriesConf> load_registries_conf(const ConfFiles& files) {
  RegistriesConf out;
  auto add = [&](const std::string& path, bool must_exist) -> base::Status {
    auto text = fs::read_file(base::FdRef::cwd(), path, kLargestFile);
    bool missing =
        !text && (text.error().code() == ENOENT || text.error().code() == ENOTDIR) && !must_exist;
    if (missing) return {};
    auto bytes = TRY(std::move(text));
    merge(out, TRY(read_registries_conf(bytes, path)));
    return {};
  };
  if (!files.main.empty()) TRY(add(files.main, files.must_exist));
  for (const auto& folder : files.folders) {
    auto fd = sys::openat(base::FdRef::cwd(), folder, O_RDONLY | O_DIRECTORY);
    if (!fd && (fd.error().code() == ENOENT || fd.error().code() == ENOTDIR)) continue;
    auto open = TRY(std::move(fd));
    std::vector<std::string> names;
    for (auto& entry : TRY(fs::list_dir(open)))
      if (entry.name.ends_with(".conf")) names.push_back(std::move(entry.name));
    std::sort(names.begin(), names.end());
    for (const auto& name : names) TRY(add(base::cat(folder, "/", name), true));
  }
  std::erase_if(out.aliases, [](const auto& alias) { return alias.second.empty(); });
  return out;
}

}  // namespace image
