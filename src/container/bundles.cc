#include "container/bundles.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>

#include "base/time.h"
#include "container/states.h"
#include "fs/files.h"
#include "fs/root.h"
#include "spec/check.h"
#include "spec/example.h"
#include "spec/read.h"
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

base::Result<Bundle> read_bundle(const std::string& folder) {
  Bundle out;
  out.path = TRY(absolute_path(folder), "bundle");
  auto dir = TRY(sys::openat(FdRef::cwd(), out.path, O_RDONLY | O_DIRECTORY), "bundle ", folder);
  // A fifo must not keep us waiting.
  auto file = TRY(sys::openat(dir, kConfig, O_RDONLY | O_NONBLOCK), "bundle ", folder);
  auto st = TRY(sys::fstat(file), kConfig);
  if (!S_ISREG(st.st_mode))
    return base::config_error("bundle ", folder, ": config.json is not a regular file");
  out.text = TRY(fs::read_all(file), "bundle ", folder, ": config.json");
  out.config = TRY(spec::read_config(out.text), kConfig);
  TRY(spec::check(out.config), kConfig);
  return out;
}

Saved saved_of(const std::string& id, const Bundle& bundle, const std::string& rootfs) {
  using namespace std::chrono;
  auto now = system_clock::now().time_since_epoch();
  auto whole = floor<seconds>(now);
  Saved out;
  out.id = id;
  out.bundle = bundle.path;
  out.rootfs = rootfs;
  out.created = base::rfc3339(whole.count(), duration_cast<nanoseconds>(now - whole).count());
  out.owner = sys::getuid();
  out.annotations = bundle.config.annotations;
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
