#include "runtime/commands.h"

#include <cstdio>

#include "base/json.h"
#include "cli/table.h"
#include "container/bundles.h"
#include "container/checkpoint.h"
#include "container/features.h"
#include "container/kill.h"
#include "container/list.h"
#include "container/pause.h"
#include "container/remove.h"
#include "container/seal.h"
#include "container/start.h"

namespace runtime {
namespace {

using base::Result;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// Whoever reads gets each line at once; false when nobody does any more.
bool print_line(const std::string& line) {
  print(line + "\n");
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

// A container's processes begin as copies of this one, and may have descriptors of the caller's.
base::Status ready_to_clone(const Environment& environment, const container::Inherited& inherited) {
  TRY(container::check_inherited(inherited));
  return container::seal(environment.args, environment.all);
}

container::CreateOptions completed(container::CreateOptions options, const Global& global,
                                   const Environment& environment) {
  options.root = global.root;
  options.systemd_cgroup = global.systemd_cgroup;
  options.no_cgroup = global.no_cgroup;
  options.debug = global.debug;
  options.search_path = environment.path;
  options.notify_socket = environment.notify_socket;
  options.bus = environment.bus;
  options.inherited.listening = environment.listening_fds;
  if (options.bundle.empty()) options.bundle = ".";
  return options;
}

container::ImageOptions completed(container::ImageOptions options, const Global& global,
                                  const Environment& environment) {
  options.root = global.root;
  options.search_path = environment.path;
  options.environment = environment.all;
  return options;
}

struct Execution {
  const Global& global;
  const Environment& environment;
  std::vector<std::string>& warnings;

  Result<int> operator()(const Create& c) const {
    auto options = completed(c.options, global, environment);
    TRY(ready_to_clone(environment, options.inherited));
    TRY(container::create(options, warnings));
    return 0;
  }
  Result<int> operator()(const Run& c) const {
    auto options = c.options;
    if (options.create.bundle.empty()) {
      auto named = container::bundle_of(options.create.id);
      options.create.bundle = named.bundle;
      options.create.id = named.id;
    }
    options.create = completed(options.create, global, environment);
    TRY(ready_to_clone(environment, options.create.inherited));
    return container::run(std::move(options), warnings);
  }
  Result<int> operator()(const Exec& c) const {
    auto options = c.options;
    options.root = global.root;
    options.debug = global.debug;
    options.inherited.listening = environment.listening_fds;
    TRY(ready_to_clone(environment, options.inherited));
    return container::exec(options, warnings);
  }
  Result<int> operator()(const Start& c) const {
    container::StartOptions options;
    options.root = global.root;
    options.id = c.id;
    options.notify_socket = environment.notify_socket;
    auto started = TRY(container::start(options, warnings));
    TRY(started.await_ready());
    return 0;
  }
  Result<int> operator()(const State& c) const {
    auto listed = TRY(container::look_up(global.root, c.id));
    print(base::dump(container::describe(listed), 2) + "\n");
    return 0;
  }
  Result<int> operator()(const Kill& c) const {
    auto signal = TRY(container::signal_of(c.signal));
    TRY(container::kill(global.root, c.id, signal, c.all));
    return 0;
  }
  Result<int> operator()(const Delete& c) const {
    TRY(container::remove(global.root, c.id, c.force, warnings));
    return 0;
  }
  Result<int> operator()(const List& c) const {
    auto all = TRY(container::list(global.root, warnings));
    if (c.quiet) {
      for (const auto& listed : all) print(listed.saved.id + "\n");
    } else if (c.format == Format::Json) {
      auto json = base::Json::array();
      for (const auto& listed : all) json.push(container::describe(listed));
      print(base::dump(json) + "\n");
    } else {
      std::vector<std::vector<std::string>> rows{
          {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
      for (const auto& [saved, status] : all)
        rows.push_back({saved.id, base::cat(status == spec::Status::Stopped ? 0 : saved.pid),
                        std::string(spec::word(status)), saved.bundle, saved.created,
                        base::cat("#", saved.owner)});
      print(cli::table(rows));
    }
    return 0;
  }
  Result<int> operator()(const Ps& c) const {
    auto pids = TRY(container::process_ids(global.root, c.id));
    if (c.format == Format::Json) {
      auto json = base::Json::array();
      for (int pid : pids) json.push(pid);
      print(base::dump(json) + "\n");
    } else {
      print(TRY(container::ps_table(pids, c.options, environment.path)));
    }
    return 0;
  }
  Result<int> operator()(const Pause& c) const {
    TRY(container::pause(global.root, c.id));
    return 0;
  }
  Result<int> operator()(const Resume& c) const {
    TRY(container::resume(global.root, c.id));
    return 0;
  }
  Result<int> operator()(const Update& c) const {
    auto options = c.options;
    options.root = global.root;
    TRY(container::update(options));
    return 0;
  }
  Result<int> operator()(const Events& c) const {
    auto options = c.options;
    options.root = global.root;
    TRY(container::events(options, print_line, base::FdRef::inherited(1), warnings));
    return 0;
  }
  Result<int> operator()(const Checkpoint& c) const {
    TRY(container::checkpoint(completed(c.options, global, environment), warnings));
    return 0;
  }
  Result<int> operator()(const Restore& c) const {
    auto options = c.options;
    options.image = completed(options.image, global, environment);
    options.systemd_cgroup = global.systemd_cgroup;
    options.bus = environment.bus;
    options.no_cgroup = global.no_cgroup;
    options.debug = global.debug;
    if (options.bundle.empty()) options.bundle = ".";
    return container::restore(options, warnings);
  }
  Result<int> operator()(const Spec& c) const {
    TRY(container::write_example(c.bundle, c.rootless));
    return 0;
  }
  Result<int> operator()(const Features&) const {
    auto facts = TRY(container::feature_facts());
    print(base::dump(spec::features(facts), 2) + "\n");
    return 0;
  }
};

}  // namespace

Result<int> execute(const Parsed& parsed, const Environment& environment,
                    std::vector<std::string>& warnings) {
  return std::visit(Execution{parsed.global, environment, warnings}, parsed.command);
}

std::string version_text() {
  return base::cat("runtime version ", CORACLE_VERSION, "\nspec: ", spec::kSpecVersion,
                   "\nlibseccomp: ", container::libseccomp_version());
}

}  // namespace runtime
