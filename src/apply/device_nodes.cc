#include "apply/device_nodes.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <utility>

#include "apply/mounts.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/mount.h"

namespace apply {
namespace {

using base::cat;
using base::quote;

dev_t number_of(const plan::DeviceNode& node) { return ::makedev(node.dev_major, node.dev_minor); }

bool is_node(const struct stat& st, const plan::DeviceNode& node) {
  if ((st.st_mode & S_IFMT) != (node.mode & S_IFMT)) return false;
  return S_ISFIFO(st.st_mode) || st.st_rdev == number_of(node);
}

// The directories of successive nodes are mostly the same: /dev.
class Parents {
 public:
  explicit Parents(FdRef root) : root_(root) {}
  struct Place {
    FdRef dir;
    std::string name;
  };
  Result<Place> of(const std::string& path) {
    auto slash = path.find_last_of('/');
    auto above = slash == std::string::npos ? "" : path.substr(0, slash);
    if (!dir_ || above != above_) {
      dir_ = TRY(fs::make_dirs_in(root_, above, 0755));
      above_ = above;
    }
    return Place{dir_, slash == std::string::npos ? path : path.substr(slash + 1)};
  }

 private:
  FdRef root_;
  Fd dir_{};
  std::string above_{};
};

Status bind_node(const Parents::Place& place, const plan::DeviceNode& node, Fd& bound) {
  if (!bound) bound = TRY(open_device(node));
  auto target = sys::openat(place.dir, place.name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (!target && target.error().code() == EEXIST) {
    target = sys::openat(place.dir, place.name, O_PATH | O_NOFOLLOW);
    if (!target) return std::move(target).error();
    auto st = TRY(sys::fstat(target.value()));
    if (is_node(st, node)) return {};
    if (!S_ISREG(st.st_mode))
      return base::config_error("another file is in its place, of type and mode ",
                                base::octal(st.st_mode));
  }
  if (!target) return std::move(target).error();
  return sys::move_mount(bound, target.value());
}

// Something is there already.
Status accept_existing(const Parents::Place& place, const plan::DeviceNode& node, Fd& bound) {
  auto st = TRY(sys::fstatat(place.dir, place.name, AT_SYMLINK_NOFOLLOW));
  if (is_node(st, node)) return {};
  if (node.standard && S_ISREG(st.st_mode)) return bind_node(place, node, bound);
  return base::config_error("another file is in its place, of type and mode ",
                            base::octal(st.st_mode));
}

Status make_device(const Parents::Place& place, const plan::DeviceNode& node, Fd& bound) {
  if (node.bind) return bind_node(place, node, bound);
  auto made = sys::mknodat(place.dir, place.name, node.mode,
                           S_ISFIFO(node.mode) ? dev_t{} : number_of(node));
  if (!made && made.error().code() == EEXIST) return accept_existing(place, node, bound);
  // An outer container may hold the capability, but not for devices.
  if (!made && made.error().code() == EPERM && !S_ISFIFO(node.mode))
    return bind_node(place, node, bound);
  TRY(std::move(made));
  if (node.uid == 0 && node.gid == 0) return {};
  return sys::fchownat(place.dir, place.name, node.uid, node.gid, AT_SYMLINK_NOFOLLOW);
}

Status make_link(const Parents::Place& place, const plan::DevLink& link) {
  auto made = sys::symlinkat(link.target, place.dir, place.name);
  if (made || made.error().code() != EEXIST) return made;
  if (!link.replace) return {};
  auto present = sys::readlinkat(place.dir, place.name);
  if (present && present.value() == link.target) return {};
  TRY(sys::unlinkat(place.dir, place.name));
  return sys::symlinkat(link.target, place.dir, place.name);
}

}  // namespace

Result<Fd> open_device(const plan::DeviceNode& node) {
  auto tree = TRY(open_host_node("/" + node.path));
  auto st = TRY(sys::fstat(tree));
  if (!is_node(st, node))
    return base::config_error("the host's ", quote("/" + node.path), " is not device ",
                              node.dev_major, ":", node.dev_minor);
  return tree;
}

Status make_devices(FdRef root, const std::vector<plan::DeviceNode>& nodes,
                    std::vector<Fd>& bound) {
  Parents parents(root);
  bound.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); i++) {
    auto place = TRY(parents.of(nodes[i].path), nodes[i].what, " ", quote("/" + nodes[i].path));
    TRY(make_device(place, nodes[i], bound[i]), nodes[i].what, " ", quote("/" + nodes[i].path));
  }
  return {};
}

Status make_links(FdRef root, const std::vector<plan::DevLink>& links) {
  Parents parents(root);
  for (const auto& link : links) {
    auto place = TRY(parents.of(link.path), "link ", quote("/" + link.path));
    TRY(make_link(place, link), "link ", quote("/" + link.path));
  }
  return {};
}

}  // namespace apply
