#include "engine/bundle_config.h"

#include <fcntl.h>

#include "base/json.h"
#include "fs/files.h"
#include "spec/read.h"
#include "spec/write.h"
#include "sys/file.h"

namespace engine {

base::Result<spec::Config> read_bundle_config(const Container& container) {
  auto text = TRY(fs::read_file(container.folder(), "bundle/config.json"), "config.json");
  return TRY(spec::read_config(text), "config.json");
}

base::Status write_bundle_config(const Container& container, const spec::Config& config) {
  auto folder = TRY(sys::openat(container.folder(), "bundle", O_RDONLY | O_DIRECTORY));
  auto text = base::dump(spec::write_config(config), 2) + "\n";
  return fs::replace_file(folder, "config.json", text, 0644, fs::Lasting::Run);
}

}  // namespace engine
