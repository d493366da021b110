// registries.conf: which registries are asked in whose place, and how. The file as values.
// man: containers-registries.conf(5), containers-registries.conf.d(5)
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace image {

struct Mirror {
  enum class For { All, Digests, Tags };
  std::string location{};
  bool insecure = false;
  For used_for = For::All;
};

// One [[registry]] table.
struct RegistryRule {
  std::string prefix{};    // "host[:port][/namespace…][/repository][:tag]", or "*.host"
  std::string location{};  // what stands in the prefix's place; empty: nothing is replaced
  std::optional<bool> insecure{};
  bool blocked = false;
  bool mirror_by_digest_only = false;
  std::vector<Mirror> mirrors{};
  std::string file{};  // that says so, for messages
};

enum class ShortNames { Permissive, Enforcing, Disabled };

struct RegistriesConf {
  std::vector<RegistryRule> rules{};  // no prefix twice
  // Nothing: no file says it.
  std::optional<std::vector<std::string>> search{};
  std::optional<ShortNames> short_names{};
  std::map<std::string, std::string> aliases{};  // short name → full name, without tags
  std::optional<std::vector<std::string>> helpers{};
  // Warnings: "FILE:LINE: …".
  std::vector<std::string> notes{};
};

// The document of one file. Kind::Config says "FILE:LINE: why"; a key that is not known becomes a
// note, as with podman. Version 1 of the format is Kind::Unsupported. Pure.
base::Result<RegistriesConf> read_registries_conf(std::string_view text, const std::string& file);

// What the later file says goes before. An alias of no name erases. Pure.
void merge(RegistriesConf& into, RegistriesConf later);

// A main file, whose drop-ins are in the folder of its name with ".d".
struct ConfFiles {
  std::string main{};
  bool must_exist = false;             // named by the user
  std::vector<std::string> folders{};  // of drop-ins "*.conf", in order
};
base::Result<RegistriesConf> load_registries_conf(const ConfFiles& files);

}  // namespace image
