#include "image/registries.h"

#include <algorithm>

namespace image {
namespace {

std::string_view host_of(std::string_view name) { return name.substr(0, name.find('/')); }

// How much of the image's name the prefix stands for; 0: it is not a prefix of it.
std::size_t covered(std::string_view prefix, const Reference& reference) {
  auto text = reference.text();
  if (prefix.starts_with("*.")) {
    // The host's name without its port, and at least one subdomain.
    auto host = host_of(text);
    auto colon = host.find(':');
    auto ending = prefix.substr(1);
    bool fits =
        host.substr(0, colon).size() > ending.size() && host.substr(0, colon).ends_with(ending);
    return fits ? host.size() : 0;
  }
  if (!text.starts_with(prefix)) return 0;
  bool whole = text.size() == prefix.size() ||
               std::string_view("/:@").find(text[prefix.size()]) != std::string_view::npos;
  // "host:5000" is another registry than "host".
  bool port = prefix.size() < text.size() && text[prefix.size()] == ':' &&
              prefix.find('/') == std::string_view::npos;
  return whole && !port ? prefix.size() : 0;
}

// The reference with `location` in place of its first `length` characters.
base::Result<Reference> moved(const Reference& reference, std::size_t length,
                              const std::string& location) {
  auto text = base::cat(location, reference.text().substr(length));
  auto out = TRY(parse_reference(text), "registries.conf");
  // Without a host it would be Docker Hub's.
  if (!has_registry(text))
    return base::config_error("registries.conf: the location ", base::quote(location),
                              " does not begin with a registry's HOST[:PORT]");
  return out;
}

bool serves(const RegistryRule& rule, const Mirror& mirror, const Reference& reference) {
  bool digest = reference.digest.has_value();
  if (rule.mirror_by_digest_only) return digest;
  switch (mirror.used_for) {
    case Mirror::For::All:
      return true;
    case Mirror::For::Digests:
      return digest;
    case Mirror::For::Tags:
      return !digest;
  }
  return false;
}

base::Error blocked(const RegistryRule& rule) {
  return base::state_error(base::quote(rule.prefix), " is blocked by ", rule.file);
}

// The name without tag and digest, and these.
std::pair<std::string, std::string> split_short(std::string_view name) {
  auto end = std::min(name.find_first_of(":@"), name.size());
  return {std::string(name.substr(0, end)), std::string(name.substr(end))};
}

}  // namespace

base::Result<std::vector<Reference>> meanings(const RegistriesConf& conf, std::string_view name) {
  auto plain = TRY(parse_reference(name));
  std::vector<Reference> out;
  auto [word, rest] = split_short(name);
  auto alias = conf.aliases.find(word);
  bool search = conf.search && !conf.search->empty();
  if (has_registry(name) || (alias == conf.aliases.end() && !search)) {
    out.push_back(std::move(plain));
    return out;
  }
  if (alias != conf.aliases.end()) {
    out.push_back(TRY(parse_reference(alias->second + rest), "alias ", base::quote(word)));
    return out;
  }
  if (conf.short_names == ShortNames::Enforcing && conf.search->size() > 1)
    return base::usage_error(base::quote(name), " may be of ", base::join(*conf.search, ", "),
                             ": say which (short-name-mode is enforcing)");
  for (const auto& registry : *conf.search)
    out.push_back(
        TRY(parse_reference(base::cat(registry, "/", name)), "unqualified-search-registries"));
  return out;
}

const RegistryRule* find_rule(const RegistriesConf& conf, const Reference& reference) {
  const RegistryRule* best = nullptr;
  for (const auto& rule : conf.rules) {
    if (covered(rule.prefix, reference) == 0) continue;
    if (!best || rule.prefix.size() > best->prefix.size()) best = &rule;
  }
  return best;
}

base::Result<std::vector<Endpoint>> sources(const RegistriesConf& conf,
                                            const Reference& reference) {
  std::vector<Endpoint> out;
  auto rule = find_rule(conf, reference);
  if (!rule) {
    out.push_back({.reference = reference});
    return out;
  }
  if (rule->blocked) return blocked(*rule);
  auto length = covered(rule->prefix, reference);
  for (const auto& mirror : rule->mirrors) {
    if (!serves(*rule, mirror, reference)) continue;
    auto there = TRY(moved(reference, length, mirror.location));
    out.push_back({std::move(there), mirror.insecure});
  }
  auto there = rule->location.empty() ? base::Result<Reference>(reference)
                                      : moved(reference, length, rule->location);
  auto primary = TRY(std::move(there));
  out.push_back({std::move(primary), rule->insecure.value_or(false)});
  return out;
}

base::Result<Endpoint> destination(const RegistriesConf& conf, const Reference& reference) {
  auto rule = find_rule(conf, reference);
  if (rule && rule->blocked) return blocked(*rule);
  return Endpoint{reference, rule && rule->insecure.value_or(false)};
}

}  // namespace image
