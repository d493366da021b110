// info, version: what works here, and where.
#include <sys/utsname.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "bundler/images.h"
#include "engine/commands.h"
#include "engine/containers.h"
#include "engine/image_commands.h"
#include "engine/phase.h"
#include "fs/files.h"
#include "programs/run.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Json;
using base::Result;

struct Counts {
  std::uint64_t all = 0;
  std::uint64_t running = 0;
  std::uint64_t paused = 0;
  std::uint64_t images = 0;
};

Result<Counts> count(const Context& context) {
  Counts out;
  for (const auto& container : TRY(Containers(context).list())) {
    auto phase = TRY(phase_now(container));
    ++out.all;
    out.running += phase == Phase::Running ? 1 : 0;
    out.paused += phase == Phase::Paused ? 1 : 0;
  }
  auto store = TRY(image::Store::open(context.places.store));
  out.images = TRY(bundler::list_images(store)).size();
  return out;
}

// The first line that a program prints for --version; why there is none, otherwise.
std::string version_of(const Context& context, const std::string& program) {
  auto path = programs::find(context.environment.search_path, program);
  if (!path) return "missing";
  programs::Command command{
      .path = path.value(), .args = {"--version"}, .environment = context.variables};
  auto answer =
      programs::run(command, {}, {.time = std::chrono::seconds(10)}, programs::Errors::Answer);
  if (!answer) return answer.error().text();
  auto text = std::string_view(answer.value().out);
  return std::string(base::trim(text.substr(0, text.find('\n'))));
}

Json machine_json(const Context& context) {
  auto out = Json::object();
  struct utsname names {};
  if (::uname(&names) == 0) {
    out.set("kernel", names.release);
    out.set("architecture", names.machine);
    out.set("name", names.nodename);
  }
  out.set("cpus", static_cast<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
  out.set("memory", static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  bool unified =
      static_cast<bool>(sys::fstatat(base::FdRef::cwd(), "/sys/fs/cgroup/cgroup.controllers", 0));
  out.set("cgroups", unified ? "v2" : "v1");
  out.set("cgroupDriver", context.systemd_cgroup ? "systemd" : "cgroupfs");
  return out;
}

Json versions_json(const Context& context) {
  auto out = Json::object();
  out.set("engine", "engine " CORACLE_VERSION);
  out.set("runtime", version_of(context, context.runtime));
  out.set("monitor", version_of(context, "conmon"));
  return out;
}

Json places_json(const Context& context) {
  auto out = Json::object();
  out.set("data", context.places.data);
  out.set("run", context.places.run);
  out.set("store", context.places.store);
  out.set("engine", context.self);
  out.set("runtime", context.runtime);
  out.set_some("cniPath", context.cni_path);
  return out;
}

std::string show(const Json& value) {
  if (auto text = value.string()) return *text;
  return base::dump(value);
}

// "Containers:" and its members, a line each.
std::string show_sections(const Json& sections) {
  std::string out;
  for (const auto& [name, section] : *sections.members()) {
    out += name + ":\n";
    for (const auto& [key, value] : *section.members())
      out += base::cat("  ", key, ": ", show(value), "\n");
  }
  return out;
}

}  // namespace

Result<int> execute(const Context& context, const InfoCommand& command) {
  auto counts = TRY(count(context), "info");
  auto numbers = Json::object();
  numbers.set("containers", counts.all);
  numbers.set("running", counts.running);
  numbers.set("paused", counts.paused);
  numbers.set("stopped", counts.all - counts.running - counts.paused);
  numbers.set("images", counts.images);
  auto out = Json::object();
  out.set("numbers", std::move(numbers));
  out.set("places", places_json(context));
  out.set("versions", versions_json(context));
  out.set("machine", machine_json(context));
  TRY(print(command.json ? base::dump(out, 2) + "\n" : show_sections(out)));
  return 0;
}

Result<int> execute(const Context& context, const VersionCommand&) {
  auto out = Json::object();
  out.set("versions", versions_json(context));
  TRY(print(show_sections(out)));
  return 0;
}

}  // namespace engine
