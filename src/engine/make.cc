#include "engine/make.h"

#include <fcntl.h>

#include <cerrno>
#include <thread>

#include "base/text.h"
#include "bundler/fetch.h"
#include "bundler/registries.h"
#include "engine/bundle_config.h"
#include "engine/clock.h"
#include "engine/commands.h"
#include "engine/config.h"
#include "engine/journal.h"
#include "engine/life.h"
#include "engine/networks.h"
#include "engine/without_root.h"
#include "fs/files.h"
#include "image/bundle.h"
#include "image/layer_bytes.h"
#include "image/overlay_bundle.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// Undoes a container that is not whole.
class Making {
 public:
  Making(const Context& context, Container container)
      : context_(context), container_(std::move(container)) {}
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  ~Making() {
    if (kept_) return;
    container_.unlock();
    auto gone = remove(context_, container_, {.force = true, .volumes = true});
    if (!gone) context_.tell("undo: " + gone.error().text());
  }
  Container& container() { return container_; }
  Container keep() {
    kept_ = true;
    container_.unlock();
    return std::move(container_);
  }

 private:
  const Context& context_;
  Container container_;
  bool kept_ = false;
};

Record first_record(const MakeCommand& command) {
  Record out{.name = command.life.name, .created = present_time(), .image = command.image};
  out.rootfs = command.rootfs;
  out.tty = command.tty;
  out.open_stdin = command.interactive;
  out.privileged = command.process.privileged;
  out.remove = command.life.remove;
  return out;
}

Status finish_record(const spec::Config& config, Record& record) {
  record.hostname = config.hostname;
  record.state.phase = Phase::Created;
  return {};
}

class Maker {
 public:
  Maker(const Context& context, const MakeCommand& command, Container& container)
      : context_(context), command_(command), container_(container) {}

  // The image of the store, or of its registry.
  Status of_image() {
    bundler::Invocation invocation{.store = context_.places.store,
                                   .registries_conf = context_.registries_conf,
                                   .policy = context_.policy,
                                   .quiet = command_.quiet,
                                   .debug = context_.debug};
    auto store = TRY(image::Store::open(context_.places.store));
    bundler::Context place{invocation, context_.environment, store};
    auto reference = TRY(place.find(command_.image));
    auto stored =
        TRY(bundler::image_at_hand(store, reference, command_.pull, command_.from.platform));
    if (stored) {
      image::StoredLayers layers(store.blobs(), stored->manifest, {});
      return bundle(store, *stored, layers);
    }
    auto fetcher = TRY(bundler::Fetcher::make(place, command_.from));
    auto names = TRY(fetcher.meanings(command_.image));
    (void)TRY(fetcher.first_of(
        names, [&](const auto& image, auto& layers) { return bundle(store, image, layers); }));
    return {};
  }

  Status of_folder() {
    auto root = TRY(sys::openat(FdRef::cwd(), command_.image, O_RDONLY | O_DIRECTORY), "--rootfs ",
                    command_.image);
    container_.record.image = TRY(fs::path_of(root));
    auto folder = TRY(fs::make_dirs(container_.bundle(), 0700));
    auto options = TRY(convert_options(context_, command_));
    image::ImageConfig none;
    if (options.command.empty() && !options.entrypoint) options.command = {"/bin/sh"};
    auto workdir =
        TRY(image::write_bundle_config(folder, root, none, named(options), adjust(none)));
    return image::make_working_folder(root, workdir);
  }

 private:
  // compat: docker: the host name is the id unless another is said
  image::ConvertOptions named(image::ConvertOptions options) const {
    if (options.hostname.empty()) options.hostname = container_.record.brief();
    return options;
  }

  image::Adjust adjust(const image::ImageConfig& image) {
    return [this, &image](spec::Config& config, FdRef root) -> Status {
      container_.record.network = TRY(network_setup(context_, command_.network, image));
      if (container_.record.rootfs) config.root->path = container_.record.image;
      TRY(configure(context_, command_, image, root, container_, config));
      if (context_.rootless)
        TRY(fit_to_user(user_limits(context_), command_, container_.record, config));
      return finish_record(config, container_.record);
    };
  }

  Status bundle(const image::Store& store, const image::Image& image, image::LayerBytes& layers) {
    auto options = TRY(convert_options(context_, command_));
    image::CreateOptions create{.convert = named(std::move(options)),
                                .at_once = std::max(2U, std::thread::hardware_concurrency()),
                                .adjust = adjust(image.config),
                                .mount = false};
    container_.record.image_digest = image.descriptor.digest.text();
    auto notes = TRY(image::create_bundle(store, image, layers, container_.bundle(), create));
    for (const auto& note : notes) {
      // Programs in the container may miss these owners: that is worth a line.
      if (context_.single_id && !command_.quiet)
        complain("note: " + note);
      else
        context_.tell("note: " + note);
    }
    return {};
  }

  const Context& context_;
  const MakeCommand& command_;
  Container& container_;
};

Status write_id(const std::string& file, const std::string& id) {
  if (file.empty()) return {};
  auto fd = TRY(sys::openat(FdRef::cwd(), file, O_WRONLY | O_CREAT | O_EXCL, 0644), "--cidfile");
  return fs::write_all(fd, id);
}

}  // namespace

Result<Container> make_container(const Context& context, const MakeCommand& command) {
  if (!command.life.name.empty()) TRY(check_name("--name", command.life.name));
  auto claimed = TRY(Containers(context).claim(first_record(command)));
  Making making(context, std::move(claimed));
  Maker maker(context, command, making.container());
  if (command.rootfs)
    TRY(maker.of_folder());
  else
    TRY(maker.of_image());
  TRY(write_id(command.life.cidfile, making.container().record.id));
  TRY(making.container().save());
  note_event(context, making.container().record, "create");
  return making.keep();
}

}  // namespace engine
