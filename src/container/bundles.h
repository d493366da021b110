// Bundles on disk: which folder a word on the command line means, and a new config.json.
#pragma once
#include <string>

#include "base/result.h"

namespace container {

struct NamedBundle {
  std::string bundle{};
  std::string id{};
};
// `runtime run WORD` without --bundle: a folder WORD that holds a config.json is the bundle, and
// its last name the id, unless the working directory holds one itself; then WORD is the id, as in
// runc.
NamedBundle bundle_of(const std::string& word);

// Writes the example configuration to `bundle`/config.json, which must not exist.
base::Status write_example(const std::string& bundle, bool rootless);

}  // namespace container
