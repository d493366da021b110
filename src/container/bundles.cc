#include "container/bundles.h"

#include <fcntl.h>

#include <cerrno>

#include "fs/files.h"
#include "fs/root.h"
#include "spec/example.h"
#include "spec/write.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace container {
namespace {

using base::FdRef;

constexpr const char* kConfig = "config.json";

bool holds_config(const std::string& folder) {
  return static_cast<bool>(sys::fstatat(FdRef::cwd(), base::cat(folder, "/", kConfig), 0));
}

}  // namespace

NamedBundle bundle_of(const std::string& word) {
  NamedBundle out;
  out.bundle = ".";
  out.id = word;
  if (holds_config(".") || !holds_config(word)) return out;
  out.bundle = word;
  auto cleaned = fs::clean(word);
  out.id = cleaned.substr(cleaned.find_last_of('/') + 1);
  return out;
}

base::Status write_example(const std::string& bundle, bool rootless) {
  auto config = spec::example_config();
  if (rootless) config = spec::rootless(std::move(config), sys::geteuid(), sys::getegid());
  auto dir = TRY(sys::openat(FdRef::cwd(), bundle, O_RDONLY | O_DIRECTORY), "bundle");
  auto file = sys::openat(dir, kConfig, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (!file && file.error().code() == EEXIST)
    return base::state_error(bundle, "/", kConfig, ": is there already, and is not overwritten");
  auto fd = TRY(std::move(file));
  return fs::write_all(fd, base::dump(spec::write_config(config), 2) + "\n");
}

}  // namespace container
