// Bundles on disk: which folder a word on the command line means, what is in it, and a new
// config.json.
#pragma once
#include <string>

#include "base/result.h"
#include "container/record.h"
#include "spec/config.h"

namespace container {

struct NamedBundle {
  std::string bundle{};
  std::string id{};
};
// `runtime run WORD` without --bundle: a folder WORD that holds a config.json is the bundle, and
// its last name the id, unless the working directory holds one itself; then WORD is the id, as in
// runc.
NamedBundle bundle_of(const std::string& word);

struct Bundle {
  std::string path{};  // absolute
  std::string text{};  // of config.json
  spec::Config config{};
};
// Read, and lawful. `folder`: relative to the working directory.
base::Result<Bundle> read_bundle(const std::string& folder);

// What a record says of a container before anything is made.
Saved saved_of(const std::string& id, const Bundle& bundle, const std::string& rootfs);

// Writes the example configuration to `bundle`/config.json, which must not exist.
base::Status write_example(const std::string& bundle, bool rootless);

}  // namespace container
