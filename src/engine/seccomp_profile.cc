#include "engine/seccomp_profile.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "spec/read.h"

namespace engine {
namespace {

using base::Json;
using base::Place;
using base::Result;

// uname's name, the filter's, and Go's.
struct Architecture {
  std::string_view machine;
  std::string_view filter;
  std::string_view go;
};
constexpr std::array kArchitectures = {Architecture{"x86_64", "SCMP_ARCH_X86_64", "amd64"},
                                       Architecture{"aarch64", "SCMP_ARCH_AARCH64", "arm64"}};

const Architecture* architecture(const ProfileHost& host) {
  for (const auto& each : kArchitectures)
    if (each.machine == host.architecture) return &each;
  return nullptr;
}

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// "6.1.0-18-amd64" → {6, 1}.
std::pair<unsigned, unsigned> version(std::string_view text) {
  auto number = [&]() {
    auto end = text.find_first_not_of("0123456789");
    auto out = base::parse<unsigned>(text.substr(0, end)).value_or(0);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    if (!text.empty()) text.remove_prefix(1);
    return out;
  };
  auto major = number();
  return {major, number()};
}

// How much of a condition holds: it may name caps, arches and the oldest kernel.
struct Held {
  bool any = false;
  bool all = true;
  void note(bool holds) {
    any |= holds;
    all &= holds;
  }
};

Result<Held> held(const Place& condition, const ProfileHost& host) {
  Held out;
  for (const auto& [name, place] : TRY(condition.members())) {
    if (name == "caps") {
      auto caps = TRY(place.strings());
      for (const auto& cap : caps) out.note(has(host.capabilities, cap));
    } else if (name == "arches") {
      auto arches = TRY(place.strings());
      auto own = architecture(host);
      if (!arches.empty()) out.note(own && has(arches, own->go));
    } else if (name == "minKernel") {
      auto least = TRY(place.string());
      out.note(version(host.kernel) >= version(least));
    } else {
      return place.error("is no condition that is known (caps, arches, minKernel)");
    }
  }
  return out;
}

Result<bool> applies(const Place& rule, const ProfileHost& host) {
  auto includes = TRY(rule.find("includes"));
  if (includes) {
    auto condition = TRY(held(*includes, host));
    if (!condition.all) return false;
  }
  auto excludes = TRY(rule.find("excludes"));
  if (!excludes) return true;
  auto condition = TRY(held(*excludes, host));
  return !condition.any;
}

Result<Json> own_rule(const Place& rule) {
  auto out = Json::object();
  for (const auto& [name, place] : TRY(rule.members())) {
    if (name == "includes" || name == "excludes" || name == "comment" || place.json().is_null())
      continue;
    // The form of old profiles: one call for each rule.
    if (name == "name") {
      auto call = TRY(place.string());
      if (!call.empty()) out.set("names", Json(std::vector<std::string>{call}));
      continue;
    }
    out.set(name, place.json());
  }
  return out;
}

// The architectures of the map's row for this machine.
Result<Json> own_architectures(const Place& map, const ProfileHost& host) {
  auto own = architecture(host);
  auto out = Json::array();
  for (const auto& row : TRY(map.items())) {
    auto name = TRY(row.at("architecture"));
    auto filter = TRY(name.string());
    if (!own || filter != own->filter) continue;
    out.push(Json(filter));
    for (const auto& sub : TRY(row.opt_strings("subArchitectures"))) out.push(Json(sub));
  }
  return out;
}

Result<Json> own_rules(const Place& rules, const ProfileHost& host) {
  auto out = Json::array();
  for (const auto& rule : TRY(rules.items())) {
    bool wanted = TRY(applies(rule, host));
    if (!wanted) continue;
    auto own = TRY(own_rule(rule));
    out.push(std::move(own));
  }
  return out;
}

}  // namespace

Result<spec::Seccomp> read_profile(std::string_view text, const ProfileHost& host) {
  auto document = TRY(base::parse_json(text));
  auto seccomp = Json::object();
  for (const auto& [name, place] : TRY(Place(document).members())) {
    if (name == "archMap") {
      auto architectures = TRY(own_architectures(place, host));
      seccomp.set("architectures", std::move(architectures));
    } else if (name == "syscalls") {
      auto rules = TRY(own_rules(place, host));
      seccomp.set("syscalls", std::move(rules));
    } else if (!place.json().is_null()) {
      seccomp.set(name, place.json());
    }
  }
  // The reader of configurations has the last word: it names what is wrong.
  auto linux_section = Json::object().set("seccomp", std::move(seccomp));
  auto whole = Json::object();
  whole.set("ociVersion", Json("1.0.2"));
  whole.set("linux", std::move(linux_section));
  auto config = TRY(spec::read_config(base::dump(whole)));
  if (!config.linux_.seccomp) return base::config_error("the document has no rules");
  return *std::move(config.linux_.seccomp);
}

}  // namespace engine
