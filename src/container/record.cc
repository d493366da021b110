#include "container/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace container {
namespace {

using base::Fd;
using base::FdRef;
using base::Json;
using base::Place;
using base::Result;
using base::Status;

constexpr std::size_t kLongestId = 200;
constexpr const char* kState = "state.json";
constexpr const char* kConfig = "config.json";

Json write_group(const apply::CgroupPath& group) {
  Json out;
  out.set("mount", group.mount);
  out.set("v2", group.v2);
  out.set_some("controllers", group.controllers);
  out.set("path", group.path);
  out.set("made", group.made);
  return out;
}

Result<apply::CgroupPath> read_group(const Place& place) {
  apply::CgroupPath out;
  out.mount = TRY(place.string_or("mount", ""));
  out.v2 = TRY(place.opt_bool("v2")).value_or(false);
  out.controllers = TRY(place.opt_strings("controllers"));
  out.path = TRY(place.string_or("path", ""));
  out.made = TRY(place.opt_number<unsigned>("made")).value_or(0);
  return out;
}

Json write_unit(const SavedUnit& unit) {
  auto addresses = Json::array();
  for (const auto& address : unit.addresses) {
    Json row;
    row.set("address", address.text);
    row.set("direct", address.direct);
    addresses.push(std::move(row));
  }
  Json out;
  out.set("name", unit.name);
  out.set("user", unit.user);
  out.set("addresses", std::move(addresses));
  return out;
}

Result<SavedUnit> read_unit(const Place& place) {
  SavedUnit out;
  out.name = TRY(place.string_or("name", ""));
  out.user = TRY(place.opt_bool("user")).value_or(false);
  auto addresses = TRY(place.find("addresses"));
  if (!addresses) return out;
  for (const auto& row : TRY(addresses->items())) {
    systemd::Address address;
    address.text = TRY(row.string_or("address", ""));
    address.direct = TRY(row.opt_bool("direct")).value_or(false);
    out.addresses.push_back(std::move(address));
  }
  return out;
}

Json write_resctrl(const apply::ResctrlGroup& group) {
  Json out;
  out.set("mount", group.mount);
  out.set_some("group", group.group);
  out.set("made", group.made);
  out.set_some("monitor", group.monitor);
  return out;
}

Result<apply::ResctrlGroup> read_resctrl(const Place& place) {
  apply::ResctrlGroup out;
  out.mount = TRY(place.string_or("mount", ""));
  out.group = TRY(place.string_or("group", ""));
  out.made = TRY(place.opt_bool("made")).value_or(false);
  out.monitor = TRY(place.string_or("monitor", ""));
  return out;
}

base::Error not_there(const std::string& id) {
  return base::Error(base::Kind::NotFound, ENOENT, base::cat("container ", id, " does not exist"));
}

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

Status check_id(std::string_view id) {
  auto allowed = [](char c) {
    return letter_or_digit(c) || c == '_' || c == '+' || c == '-' || c == '.';
  };
  if (id.empty() || id.front() == '.' || !std::all_of(id.begin(), id.end(), allowed))
    return base::usage_error("container id ", base::quote(id),
                             ": must be letters, digits and _+-. and not begin with a dot");
  if (id.size() > kLongestId)
    return base::usage_error("container id ", base::quote(id), ": longer than ", kLongestId,
                             " characters");
  return {};
}

Json write_saved(const Saved& saved) {
  Json out;
  out.set("id", saved.id);
  out.set("bundle", saved.bundle);
  out.set("rootfs", saved.rootfs);
  out.set("created", saved.created);
  out.set("owner", saved.owner);
  out.set("pid", saved.pid);
  out.set("startTime", saved.start_time);
  out.set("ready", saved.ready);
  if (saved.checkpointed) out.set("checkpointed", true);
  if (saved.keyring) out.set("keyring", true);
  out.set_some("descriptors", saved.descriptors);
  out.set_some("annotations", saved.annotations);
  auto groups = Json::array();
  for (const auto& group : saved.cgroup.groups) groups.push(write_group(group));
  out.set_some("cgroup", std::move(groups));
  if (saved.unit) out.set("unit", write_unit(*saved.unit));
  if (saved.resctrl) out.set("resctrl", write_resctrl(*saved.resctrl));
  return out;
}

Result<Saved> read_saved(std::string_view text) {
  auto json = TRY(base::parse_json(text));
  Place place(json);
  Saved out;
  out.id = TRY(place.string_or("id", ""));
  out.bundle = TRY(place.string_or("bundle", ""));
  out.rootfs = TRY(place.string_or("rootfs", ""));
  out.created = TRY(place.string_or("created", ""));
  out.owner = TRY(place.opt_number<std::uint32_t>("owner")).value_or(0);
  out.pid = TRY(place.opt_number<std::int64_t>("pid")).value_or(0);
  out.start_time = TRY(place.opt_number<std::uint64_t>("startTime")).value_or(0);
  out.ready = TRY(place.opt_bool("ready")).value_or(false);
  out.keyring = TRY(place.opt_bool("keyring")).value_or(false);
  out.checkpointed = TRY(place.opt_bool("checkpointed")).value_or(false);
  out.descriptors = TRY(place.opt_strings("descriptors"));
  out.annotations = TRY(place.opt_string_map("annotations"));
  auto resctrl = TRY(place.find("resctrl"));
  if (resctrl) out.resctrl = TRY(read_resctrl(*resctrl));
  auto unit = TRY(place.find("unit"));
  if (unit) out.unit = TRY(read_unit(*unit));
  auto groups = TRY(place.find("cgroup"));
  if (!groups) return out;
  for (const auto& group : TRY(groups->items()))
    out.cgroup.groups.push_back(TRY(read_group(group)));
  return out;
}

Record::~Record() {
  if (undo_ && dir_) (void)remove();
}

Result<std::string> Record::path(const std::string& root, const std::string& id) {
  if (root.starts_with('/')) return base::cat(root, "/", id);
  auto cwd = TRY(sys::getcwd());
  return base::cat(cwd, "/", root, "/", id);
}

Result<Record> Record::claim(const std::string& root, const std::string& id,
                             std::string_view config) {
  TRY(check_id(id));
  auto root_dir = TRY(fs::make_dirs(root, 0711), "state directory ", root);
  auto made = sys::mkdirat(root_dir, id, 0711);
  if (!made && made.error().code() == EEXIST)
    return base::Error(base::Kind::Exists, EEXIST,
                       base::cat("container ", id, ": a container with given ID already exists"));
  TRY(std::move(made));
  auto dir = TRY(sys::openat(root_dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  Record record(std::move(root_dir), std::move(dir));
  record.undo_ = true;
  record.saved.id = id;
  TRY(record.lock());
  TRY(sys::mkfifoat(record.dir_, std::string(kExecFifo), 0600));
  TRY(sys::mkfifoat(record.dir_, std::string(kExecReply), 0600));
  auto file = TRY(sys::openat(record.dir_, kConfig, O_WRONLY | O_CREAT | O_EXCL, 0600));
  TRY(fs::write_all(file, config), kConfig);
  return record;
}

Result<Record> Record::load(const std::string& root, const std::string& id) {
  TRY(check_id(id));
  auto root_dir = sys::openat(FdRef::cwd(), root, O_RDONLY | O_DIRECTORY);
  if (!root_dir && root_dir.error().code() == ENOENT) return not_there(id);
  auto root_fd = TRY(std::move(root_dir), "state directory");
  auto dir = sys::openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir && dir.error().code() == ENOENT) return not_there(id);
  Record record(std::move(root_fd), TRY(std::move(dir)));
  record.saved.id = id;
  TRY(record.read());
  return record;
}

Status Record::read() {
  auto text = fs::read_file(dir_, kState);
  // `create` was ended between claiming the id and saving: there is nothing but the directory.
  if (!text && text.error().code() == ENOENT) return {};
  auto bytes = TRY(std::move(text));
  saved = TRY(read_saved(bytes), "container ", saved.id, ": ", kState);
  return {};
}

Status Record::reload() {
  auto now = sys::fstatat(root_, saved.id, AT_SYMLINK_NOFOLLOW);
  if (!now && now.error().code() == ENOENT) return not_there(saved.id);
  auto there = TRY(std::move(now));
  auto ours = TRY(sys::fstat(dir_));
  if (there.st_ino != ours.st_ino || there.st_dev != ours.st_dev) return not_there(saved.id);
  return read();
}

Status Record::save() const {
  return fs::replace_file(dir_, kState, base::dump(write_saved(saved), 2) + "\n", 0600,
                          fs::Lasting::Run);
}

Result<std::string> Record::config() const { return fs::read_file(dir_, kConfig); }

Status Record::lock() { return sys::flock(dir_, LOCK_EX); }

Result<bool> Record::try_lock() {
  auto locked = sys::flock(dir_, LOCK_EX | LOCK_NB);
  if (!locked && locked.error().code() == EWOULDBLOCK) return false;
  TRY(std::move(locked));
  return true;
}

Result<bool> Record::busy() const {
  // A second open file, since a lock belongs to the open file and not to the process.
  auto other = TRY(sys::openat(dir_, ".", O_RDONLY | O_DIRECTORY));
  auto locked = sys::flock(other, LOCK_SH | LOCK_NB);
  if (!locked && locked.error().code() == EWOULDBLOCK) return true;
  TRY(std::move(locked));
  return false;
}

Status Record::remove() {
  undo_ = false;
  TRY(fs::remove_tree(root_, saved.id), "state directory of ", saved.id);
  return {};
}

Result<std::vector<std::string>> list_ids(const std::string& root) {
  std::vector<std::string> out;
  auto dir = sys::openat(FdRef::cwd(), root, O_RDONLY | O_DIRECTORY);
  if (!dir && dir.error().code() == ENOENT) return out;
  auto fd = TRY(std::move(dir), "state directory");
  for (auto& entry : TRY(fs::list_dir(fd)))
    if (entry.type == DT_DIR && check_id(entry.name)) out.push_back(std::move(entry.name));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace container
