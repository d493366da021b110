#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "engine/config_parts.h"
#include "engine/labels.h"
#include "image/users.h"
#include "programs/run.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr const char* kInit = "/dev/init";  // in memory: the image keeps no trace of it

// Static ones: the container has no libraries of the host. Debian's packages of these names.
constexpr std::array kInits = {"catatonit", "docker-init", "tini-static"};

constexpr std::array<std::string_view, 15> kUlimits = {
    "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
    "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};

Result<std::uint64_t> ulimit_value(std::string_view text) {
  if (text == "-1" || text == "unlimited") return std::numeric_limits<std::uint64_t>::max();
  auto value = base::parse<std::uint64_t>(text);
  if (!value) return base::usage_error("must be a number or -1, got ", base::quote(text));
  return *value;
}

Status add_init(const Context& context, spec::Config& config) {
  const auto& namespaces = config.linux_.namespaces;
  bool first = std::any_of(namespaces.begin(), namespaces.end(), [](const auto& one) {
    return one.type == spec::NamespaceType::Pid && one.path.empty();
  });
  if (!first) return base::usage_error("--init: needs a process list of the container's own");
  for (const auto* name : kInits) {
    auto path = programs::find(context.environment.search_path, name);
    if (!path) continue;
    spec::Mount mount;
    mount.destination = kInit;
    mount.type = "bind";
    mount.source = path.value();
    mount.options = {"bind", "rprivate", "ro"};
    config.mounts.push_back(std::move(mount));
    auto& args = config.process->args;
    args.insert(args.begin(), {kInit, "--"});
    return {};
  }
  return base::Error(base::Kind::NotFound,
                     "--init: no init is installed; Debian's package catatonit has one");
}

Status add_groups(const Words& groups, FdRef root, spec::User& user) {
  if (groups.empty()) return {};
  auto accounts = TRY(image::read_accounts(root));
  for (const auto& group : groups) {
    auto found = TRY(image::resolve_user("0:" + group, accounts), "--group-add");
    auto& all = user.additional_gids;
    if (std::find(all.begin(), all.end(), found.gid) == all.end()) all.push_back(found.gid);
  }
  return {};
}

}  // namespace

Result<spec::Rlimit> parse_ulimit(std::string_view text) {
  auto equals = text.find('=');
  auto name = text.substr(0, equals);
  if (std::find(kUlimits.begin(), kUlimits.end(), name) == kUlimits.end())
    return base::usage_error("no limit is called ", base::quote(name));
  if (equals == std::string_view::npos)
    return base::usage_error("must be NAME=SOFT[:HARD], got ", base::quote(text));
  auto values = text.substr(equals + 1);
  auto colon = values.find(':');
  spec::Rlimit out;
  out.type = base::cat("RLIMIT_", name);
  std::transform(out.type.begin(), out.type.end(), out.type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  out.soft = TRY(ulimit_value(values.substr(0, colon)), name);
  out.hard = out.soft;
  if (colon != std::string_view::npos) out.hard = TRY(ulimit_value(values.substr(colon + 1)), name);
  if (out.soft > out.hard)
    return base::usage_error(name, ": the soft limit is above the hard one in ", base::quote(text));
  return out;
}

Status configure_process(const Context& context, const ProcessWishes& wishes, FdRef root,
                         spec::Config& config) {
  auto& process = *config.process;
  TRY(add_groups(wishes.groups, root, process.user));
  // compat: docker
  if (!config.hostname.empty() && !value_of(process.env, "HOSTNAME"))
    process.env.push_back("HOSTNAME=" + config.hostname);
  for (const auto& text : wishes.ulimits) {
    auto limit = TRY(parse_ulimit(text), "--ulimit");
    std::erase_if(process.rlimits, [&](const auto& known) { return known.type == limit.type; });
    process.rlimits.push_back(std::move(limit));
  }
  if (wishes.oom_score_adj) {
    if (*wishes.oom_score_adj < -1000 || *wishes.oom_score_adj > 1000)
      return base::usage_error("--oom-score-adj: must be -1000 to 1000, got ",
                               *wishes.oom_score_adj);
    process.oom_score_adj = wishes.oom_score_adj;
  }
  if (wishes.init) return add_init(context, config);
  return {};
}

}  // namespace engine
