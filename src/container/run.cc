#include "container/run.h"

#include "container/relay.h"
#include "container/remove.h"
#include "container/start.h"
#include "sys/process.h"

namespace container {
namespace {

using base::Result;

// Deletes the container at the end, whatever way that comes.
class Removal {
 public:
  Removal(const RunOptions& options, std::vector<std::string>& warnings)
      : options_(options), warnings_(warnings) {}
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  ~Removal() {
    if (kept_) return;
    auto removed = remove(options_.create.root, options_.create.id, true, warnings_);
    if (!removed) warnings_.push_back(removed.error().text());
  }
  void keep() { kept_ = true; }

 private:
  const RunOptions& options_;
  std::vector<std::string>& warnings_;
  bool kept_ = false;
};

StartOptions start_options(const RunOptions& options) {
  StartOptions out;
  out.root = options.create.root;
  out.id = options.create.id;
  out.notify_socket = options.create.notify_socket;
  return out;
}

Result<int> run_detached(const RunOptions& options, std::vector<std::string>& warnings) {
  TRY(create(options.create, warnings));
  Removal removal(options, warnings);
  auto started = TRY(start(start_options(options), warnings));
  TRY(started.await_ready());
  removal.keep();
  return 0;
}

}  // namespace

Result<int> run(RunOptions options, std::vector<std::string>& warnings) {
  options.create.foreground = !options.detach;
  if (options.detach) return run_detached(options, warnings);
  if (!options.create.console_socket.empty())
    return base::usage_error("--console-socket: only for a detached container");
  if (!options.no_subreaper) TRY(sys::set_child_subreaper());
  auto foreground = TRY(Foreground::begin());
  auto created = TRY(create(options.create, warnings));
  Removal removal(options, warnings);
  auto started = TRY(start(start_options(options), warnings));
  if (options.keep) removal.keep();
  return foreground.relay(created.init, std::move(created.console), std::move(started.notifier));
}

}  // namespace container
