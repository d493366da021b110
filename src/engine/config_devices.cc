#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "engine/config_parts.h"
#include "fs/root.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr int kDeepest = 16;  // folders within folders of a --device

// Of /dev, what a container has of its own. compat: docker
constexpr std::array<std::string_view, 8> kOwn = {"pts",     "shm",  "fd",    "mqueue",
                                                  "console", ".lxc", ".udev", "ptmx"};

struct DeviceWish {
  std::string host{};
  std::string container{};
  std::string access = "rwm";
};

bool is_access(std::string_view text) {
  return !text.empty() && text.find_first_not_of("rwm") == std::string_view::npos;
}

// "HOST[:CONTAINER][:rwm]". compat: docker
Result<DeviceWish> parse_device(std::string_view text) {
  auto parts = base::split(text, ':');
  if (parts.empty() || parts.size() > 3 || !parts[0].starts_with('/'))
    return base::usage_error("must be HOST[:PATH][:rwm] with absolute paths, got ",
                             base::quote(text));
  DeviceWish out{.host = std::string(parts[0]), .container = std::string(parts[0])};
  if (parts.size() == 2 && is_access(parts[1])) {
    out.access = parts[1];
    return out;
  }
  if (parts.size() > 1) out.container = parts[1];
  if (parts.size() > 2) out.access = parts[2];
  if (!out.container.starts_with('/') || !is_access(out.access))
    return base::usage_error("must be HOST[:PATH][:rwm], got ", base::quote(text));
  return out;
}

bool is_device(const struct stat& st) { return S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode); }

spec::Device device_of(const struct stat& st, const std::string& path) {
  spec::Device out;
  out.type = S_ISBLK(st.st_mode) ? "b" : "c";
  out.path = path;
  out.major = major(st.st_rdev);
  out.minor = minor(st.st_rdev);
  out.file_mode = st.st_mode & 07777U;
  out.uid = st.st_uid;
  out.gid = st.st_gid;
  return out;
}

class DeviceList {
 public:
  DeviceList(spec::Config& config, bool with_rules) : config_(config), with_rules_(with_rules) {}

  void add(const struct stat& st, const std::string& path, const std::string& access) {
    auto& devices = config_.linux_.devices;
    auto device = device_of(st, path);
    std::erase_if(devices, [&](const auto& known) { return known.path == path; });
    if (with_rules_) {
      spec::DeviceRule rule;
      rule.allow = true;
      rule.type = device.type;
      rule.major = device.major;
      rule.minor = device.minor;
      rule.access = access;
      config_.linux_.resources->devices.push_back(std::move(rule));
    }
    devices.push_back(std::move(device));
  }

  // All devices of a folder; how many they are.
  Result<std::size_t> add_folder(FdRef folder, const std::string& path, const std::string& access,
                                 int depth = 0) {
    std::size_t count = 0;
    if (depth == kDeepest) return count;
    for (const auto& entry : TRY(fs::list_dir(folder))) {
      bool own = depth == 0 && path == "/dev" &&
                 std::find(kOwn.begin(), kOwn.end(), entry.name) != kOwn.end();
      // A device may go while we look.
      auto st = sys::fstatat(folder, entry.name, AT_SYMLINK_NOFOLLOW);
      if (own || !st) continue;
      auto name = base::cat(path, "/", entry.name);
      if (S_ISDIR(st.value().st_mode)) {
        auto inner = sys::openat(folder, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!inner) continue;
        count += TRY(add_folder(inner.value(), name, access, depth + 1));
      } else if (is_device(st.value())) {
        add(st.value(), name, access);
        ++count;
      }
    }
    return count;
  }

 private:
  spec::Config& config_;
  bool with_rules_;
};

Status add_device(const DeviceWish& wish, DeviceList& list) {
  auto st = TRY(sys::fstatat(FdRef::cwd(), wish.host, 0));
  auto path = "/" + fs::clean(wish.container);
  if (is_device(st)) {
    list.add(st, path, wish.access);
    return {};
  }
  if (!S_ISDIR(st.st_mode))
    return base::usage_error(base::quote(wish.host), " is no device, and no folder of devices");
  auto folder = TRY(sys::openat(FdRef::cwd(), wish.host, O_RDONLY | O_DIRECTORY));
  auto count = TRY(list.add_folder(folder, path, wish.access));
  if (count == 0) return base::usage_error("there is no device in ", base::quote(wish.host));
  return {};
}

Result<std::optional<std::int64_t>> device_number(std::string_view text) {
  if (text == "*") return std::optional<std::int64_t>();
  auto number = base::parse<std::uint32_t>(text);
  if (!number) return base::usage_error("must be a number or *, got ", base::quote(text));
  return std::optional<std::int64_t>(*number);
}

}  // namespace

// compat: docker
Result<spec::DeviceRule> parse_device_rule(std::string_view text) {
  auto words = base::words(text);
  auto wrong = [&] {
    return base::usage_error("must be \"TYPE MAJOR:MINOR ACCESS\", as \"c 42:* rwm\", got ",
                             base::quote(text));
  };
  if (words.size() != 3 || !is_access(words[2])) return wrong();
  if (words[0] != "a" && words[0] != "b" && words[0] != "c") return wrong();
  auto numbers = base::split(words[1], ':');
  if (numbers.size() != 2) return wrong();
  spec::DeviceRule out;
  out.allow = true;
  out.type = words[0];
  out.major = TRY(device_number(numbers[0]));
  out.minor = TRY(device_number(numbers[1]));
  out.access = words[2];
  return out;
}

Status configure_devices(const FileWishes& wishes, bool privileged, spec::Config& config) {
  if (!config.linux_.resources) config.linux_.resources.emplace();
  DeviceList list(config, !privileged);
  if (privileged) {
    spec::DeviceRule all;
    all.allow = true;
    all.access = "rwm";
    config.linux_.resources->devices = {all};
    auto folder = TRY(sys::openat(FdRef::cwd(), "/dev", O_RDONLY | O_DIRECTORY));
    (void)TRY(list.add_folder(folder, "/dev", "rwm"), "--privileged");
  }
  for (const auto& text : wishes.devices) {
    auto wish = TRY(parse_device(text), "--device");
    TRY(add_device(wish, list), "--device");
  }
  for (const auto& text : wishes.device_rules) {
    auto rule = TRY(parse_device_rule(text), "--device-cgroup-rule");
    config.linux_.resources->devices.push_back(std::move(rule));
  }
  return {};
}

}  // namespace engine
