#include "engine/places.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "bundler/commands.h"
#include "fs/files.h"
#include "programs/run.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace engine {
namespace {

using base::Result;

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Beside this program, as installed; in the folder beside that of this program, as built.
Result<std::string> find_runtime(const Invocation& invocation, const Environment& environment,
                                 const std::string& self) {
  const auto& wanted = invocation.runtime;
  if (!wanted.empty()) return TRY(programs::find(environment.search_path, wanted), "--runtime");
  auto here = folder_of(self);
  for (const auto& path : {here + "/runtime", folder_of(here) + "/runtime/runtime"})
    if (auto found = programs::find({}, path)) return found;
  return programs::find(environment.search_path, "runtime");
}

Result<std::string> data_of(const Environment& environment) {
  auto store = TRY(bundler::default_store(environment));
  return folder_of(store);
}

std::string run_of(const Environment& environment) {
  if (environment.uid == 0) return "/run/coracle";
  if (environment.runtime_dir.starts_with('/')) return environment.runtime_dir + "/coracle";
  auto usual = base::cat("/run/user/", environment.uid);
  auto st = sys::fstatat(base::FdRef::cwd(), usual, AT_SYMLINK_NOFOLLOW);
  if (st && S_ISDIR(st.value().st_mode) && st.value().st_uid == environment.uid)
    return usual + "/coracle";
  // Whose it is, user_namespace.cc asks.
  return base::cat("/tmp/coracle-", environment.uid);
}

// Programs that are started elsewhere are given it, too.
Result<std::string> absolute(std::string path) {
  if (path.empty() || path.starts_with('/')) return path;
  auto here = TRY(sys::getcwd());
  return base::cat(here, "/", path);
}

constexpr unsigned kPrivate = 0700;

bool exists(const std::string& path) {
  return static_cast<bool>(sys::fstatat(base::FdRef::cwd(), path, 0));
}

// man: sd_booted(3). On cgroup v1 systemd delegates nothing to users, and has no word for half of
// the limits.
bool has_systemd(const Environment& environment) {
  if (!exists("/sys/fs/cgroup/cgroup.controllers")) return false;
  if (environment.uid == 0) return exists("/run/systemd/system");
  return exists(environment.runtime_dir + "/systemd/private");
}

// What a service manager says to us alone. A runtime that is given the socket waits until the
// container's process says that it is ready. man: sd_notify(3), sd_watchdog_enabled(3),
// sd_listen_fds(3)
constexpr std::array<std::string_view, 6> kForUsAlone = {
    "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"};

bool is_for_us_alone(std::string_view variable) {
  auto name = variable.substr(0, variable.find('='));
  return std::find(kForUsAlone.begin(), kForUsAlone.end(), name) != kForUsAlone.end();
}

}  // namespace

Result<Context> make_context(const Invocation& invocation, const Environment& environment,
                             const std::string& self) {
  Context out{.environment = environment};
  out.places.data =
      invocation.data.empty() ? TRY(data_of(environment)) : TRY(absolute(invocation.data));
  out.places.run = invocation.run.empty() ? run_of(environment) : TRY(absolute(invocation.run));
  out.places.store =
      invocation.store.empty() ? out.places.data + "/images" : TRY(absolute(invocation.store));
  out.self = self;
  out.variables = environment.variables;
  std::erase_if(out.variables, is_for_us_alone);
  auto runtime = TRY(find_runtime(invocation, environment, self));
  out.runtime = TRY(absolute(std::move(runtime)));
  for (auto folder : base::split(invocation.cni_path, ':')) out.cni_path.emplace_back(folder);
  out.registries_conf = invocation.registries_conf;
  out.policy = invocation.policy;
  out.debug = invocation.debug;
  out.systemd_cgroup = has_systemd(environment);
  return out;
}

base::Status make_data_private(const Places& places) {
  auto made = fs::make_dirs(places.data, kPrivate);
  if (!made) return {};
  auto st = TRY(sys::fstat(made.value()), places.data);
  if ((st.st_mode & 077) == 0 || st.st_uid != sys::geteuid()) return {};
  TRY(sys::fchmod(made.value(), kPrivate), places.data);
  return {};
}

}  // namespace engine
