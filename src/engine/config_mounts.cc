#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "base/units.h"
#include "engine/bundle_config.h"
#include "engine/config_parts.h"
#include "engine/mount_wish.h"
#include "engine/volumes.h"
#include "fs/files.h"
#include "fs/root.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kFolderMode = 0755;
constexpr std::array<std::string_view, 3> kOwnFiles = {"hosts", "hostname", "resolv.conf"};

bool is_bind(const spec::Mount& mount) {
  return mount.type == "bind" ||
         std::any_of(mount.options.begin(), mount.options.end(), [](const std::string& option) {
           return option == "bind" || option == "rbind";
         });
}

spec::Mount bind_mount(const std::string& source, const MountWish& wish) {
  spec::Mount out;
  out.destination = wish.destination;
  out.type = "bind";
  out.source = source;
  out.options = {wish.recursive ? "rbind" : "bind",
                 wish.propagation.empty() ? "rprivate" : wish.propagation};
  if (wish.read_only) {
    out.options.emplace_back("ro");
    // What is mounted in the folder, too. man: mount_setattr(2), AT_RECURSIVE
    if (wish.recursive) out.options.emplace_back("rro");
  }
  out.options.insert(out.options.end(), wish.options.begin(), wish.options.end());
  return out;
}

spec::Mount tmpfs(const MountWish& wish) {
  spec::Mount out;
  out.destination = wish.destination;
  out.type = "tmpfs";
  out.source = "tmpfs";
  out.options = wish.options;
  if (wish.read_only) out.options.emplace_back("ro");
  return out;
}

// Puts the user's mounts together, and then over the usual ones.
class Mounts {
 public:
  Mounts(const Context& context, Container& container, FdRef root, spec::Config& config)
      : context_(context), container_(container), root_(root), config_(config) {}

  Status add_wishes(const FileWishes& wishes) {
    auto here = TRY(sys::getcwd());
    for (const auto& text : wishes.volumes) {
      auto wish = TRY(parse_volume(text, here), "--volume");
      TRY(add(std::move(wish)), "--volume");
    }
    for (const auto& text : wishes.mounts) {
      auto wish = TRY(parse_mount(text, here), "--mount");
      TRY(add(std::move(wish)), "--mount");
    }
    for (const auto& text : wishes.tmpfs) {
      auto wish = TRY(parse_tmpfs(text), "--tmpfs");
      TRY(add(std::move(wish)), "--tmpfs");
    }
    return {};
  }

  // compat: docker: what another container has mounted; wishes of this one go before
  Status add_from(const std::string& text) {
    auto colon = text.find(':');
    auto mode = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    if (!mode.empty() && mode != "ro" && mode != "rw")
      return base::usage_error("must be CONTAINER[:ro|rw], got ", base::quote(text));
    auto other = TRY(Containers(context_).find(text.substr(0, colon)));
    auto config = TRY(read_bundle_config(other));
    for (auto& mount : config.mounts) {
      bool own = mount.source.starts_with(other.path() + "/") ||
                 mount.destination.starts_with("/dev/") || has(mount.destination);
      if (!is_bind(mount) || own) continue;
      if (mode == "ro") mount.options.insert(mount.options.end(), {"ro", "rro"});
      for (const auto& use : other.record.volumes)
        if (use.destination == mount.destination) {
          uses_.push_back(use);
          uses_.back().read_only |= mode == "ro";
        }
      ready_.push_back(std::move(mount));
    }
    return {};
  }

  // What the image keeps out of its root file system gets a volume without a name.
  Status add_of_image(const std::vector<std::string>& volumes) {
    for (const auto& volume : volumes) {
      if (!volume.starts_with('/')) continue;
      auto wish = TRY(parse_volume(volume, "/"), "the image's volume");
      if (!has(wish.destination)) wishes_.push_back(std::move(wish));
    }
    return {};
  }

  Status add_own_files(const std::string& host_name) {
    for (auto name : kOwnFiles) {
      TRY(make_file(std::string(name), host_name));
      auto destination = base::cat("/etc/", name);
      if (has(destination)) continue;
      spec::Mount mount;
      mount.destination = destination;
      mount.type = "bind";
      mount.source = base::cat(container_.path(), "/", name);
      mount.options = {"bind", "rprivate"};
      if (config_.root && config_.root->readonly) mount.options.emplace_back("ro");
      ready_.push_back(std::move(mount));
    }
    return {};
  }

  Status finish() {
    TRY(make_sources());
    TRY(make_volumes());
    // The upper ones first, so that none hides another.
    std::stable_sort(ready_.begin(), ready_.end(), [](const auto& a, const auto& b) {
      return std::count(a.destination.begin(), a.destination.end(), '/') <
             std::count(b.destination.begin(), b.destination.end(), '/');
    });
    for (auto& mount : ready_) {
      take_away_usual(mount.destination);
      set_propagation(mount);
    }
    for (auto& mount : ready_) config_.mounts.push_back(std::move(mount));
    return {};
  }

 private:
  bool has(const std::string& destination) const {
    auto same = [&](const auto& one) { return one.destination == destination; };
    return std::any_of(wishes_.begin(), wishes_.end(), same) ||
           std::any_of(ready_.begin(), ready_.end(), same);
  }

  Status add(MountWish wish) {
    if (has(wish.destination))
      return base::usage_error("two mounts on ", base::quote(wish.destination));
    if (wish.relabel && sys::fstatat(FdRef::cwd(), "/sys/fs/selinux/enforce", 0))
      return base::unsupported("z and Z: labels of SELinux are not set");
    wishes_.push_back(std::move(wish));
    return {};
  }

  Status make_file(const std::string& name, const std::string& host_name) {
    auto there = sys::fstatat(container_.folder(), name, AT_SYMLINK_NOFOLLOW);
    if (there) return {};
    auto text = name == "hostname" ? host_name + "\n" : std::string();
    return fs::replace_file(container_.folder(), name, text, 0644, fs::Lasting::Run);
  }

  // Folders of the host, and what is in memory; volumes come later.
  Status make_sources() {
    for (const auto& wish : wishes_) {
      if (wish.kind == MountKind::Tmpfs) ready_.push_back(tmpfs(wish));
      if (wish.kind != MountKind::Bind) continue;
      auto st = sys::fstatat(FdRef::cwd(), wish.source, 0);
      if (!st && (st.error().code() != ENOENT || !wish.make_source))
        return std::move(st).error().in(wish.make_source ? "--volume" : "--mount");
      // compat: docker
      if (!st) (void)TRY(fs::make_dirs(wish.source, kFolderMode), "--volume");
      ready_.push_back(bind_mount(wish.source, wish));
    }
    return {};
  }

  Status make_volumes() {
    auto& record = container_.record;
    record.volumes.insert(record.volumes.end(), uses_.begin(), uses_.end());
    bool any = std::any_of(wishes_.begin(), wishes_.end(),
                           [](const auto& wish) { return wish.kind == MountKind::Volume; });
    if (!any) return {};
    Volumes volumes(context_);
    auto lock = TRY(volumes.lock());
    for (const auto& wish : wishes_) {
      if (wish.kind != MountKind::Volume) continue;
      Volume volume;
      volume.name = wish.source;
      auto made = TRY(volumes.ensure(std::move(volume)));
      const auto& name = made.volume.name;
      record.volumes.push_back({name, wish.destination, wish.read_only, wish.source.empty()});
      // From here on nobody removes it.
      TRY(container_.save());
      auto data = volumes.data(name);
      if (wish.copy) TRY(fill_volume(data, root_, wish.destination), "volume ", name);
      ready_.push_back(bind_mount(data, wish));
    }
    return {};
  }

  // compat: docker: what a user mounts is there instead of what is usual; on /dev of all beneath
  void take_away_usual(const std::string& destination) {
    std::erase_if(config_.mounts, [&](const auto& usual) {
      return usual.destination == destination ||
             (destination == "/dev" && usual.destination.starts_with("/dev/"));
    });
  }

  // What is mounted on the host reaches the container only where the whole root lets it through.
  void set_propagation(const spec::Mount& mount) {
    auto has_option = [&](const char* one, const char* other) {
      return std::any_of(mount.options.begin(), mount.options.end(),
                         [&](const auto& option) { return option == one || option == other; });
    };
    auto& propagation = config_.linux_.rootfs_propagation;
    if (has_option("shared", "rshared")) {
      propagation = spec::Propagation::Shared;
    } else if (has_option("slave", "rslave") && propagation != spec::Propagation::Shared) {
      propagation = spec::Propagation::Slave;
    }
  }

  const Context& context_;
  Container& container_;
  FdRef root_;
  spec::Config& config_;
  std::vector<MountWish> wishes_{};
  std::vector<spec::Mount> ready_{};
  std::vector<VolumeUse> uses_{};
};

Status set_shm_size(const std::string& size, spec::Config& config) {
  if (size.empty()) return {};
  auto bytes = TRY(base::parse_size(size), "--shm-size");
  for (auto& mount : config.mounts) {
    if (mount.destination != "/dev/shm") continue;
    if (mount.type != "tmpfs")
      return base::usage_error("--shm-size: /dev/shm is another one's, which has its size");
    std::erase_if(mount.options, [](const auto& option) { return option.starts_with("size="); });
    if (bytes > 0) mount.options.push_back(base::cat("size=", bytes));
    return {};
  }
  return base::usage_error("--shm-size: there is no /dev/shm");
}

}  // namespace

Status configure_mounts(const Context& context, const FileWishes& wishes,
                        const image::ImageConfig& image, FdRef root, Container& container,
                        spec::Config& config) {
  TRY(set_shm_size(wishes.shm_size, config));
  Mounts mounts(context, container, root, config);
  TRY(mounts.add_wishes(wishes));
  for (const auto& from : wishes.volumes_from) TRY(mounts.add_from(from), "--volumes-from");
  TRY(mounts.add_of_image(image.config.volumes));
  TRY(mounts.add_own_files(config.hostname));
  return mounts.finish();
}

}  // namespace engine
