#include "engine/containers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "engine/names.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Error;
using base::Fd;
using base::FdRef;
using base::Kind;
using base::Result;

constexpr const char* kRecord = "engine.json";
constexpr std::uint64_t kLargestRecord = 16U << 20;
constexpr unsigned kPrivate = 0700;
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
constexpr int kTries = 32;

bool is_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Error no_such(const std::string& text) {
  return Error(Kind::NotFound, base::cat("no such container: ", text));
}

// The id that has this name, or nothing.
Result<std::string> named(FdRef names, const std::string& name) {
  auto link = sys::readlinkat(names, name);
  if (link) return link;
  if (link.error().code() == ENOENT) return std::string();
  return std::move(link).error();
}

// The name is a link to the id: made by one of those who want it.
base::Status take_name(const Context& context, const std::string& name, const std::string& id) {
  auto names = TRY(fs::make_dirs(context.places.names(), kPrivate));
  auto made = sys::symlinkat(id, names, name);
  if (made || made.error().code() != EEXIST) return made;
  auto owner = TRY(named(names, name));
  auto there = sys::fstatat(FdRef::cwd(), context.places.containers() + "/" + owner, 0);
  if (there || there.error().code() != ENOENT)
    return Error(Kind::Exists,
                 base::cat("the container name ", base::quote(name), " is already in use by ",
                           owner.substr(0, 12), ": remove (or rename) that container first"));
  // What a killed engine left of one that is gone.
  TRY(sys::unlinkat(names, name));
  return sys::symlinkat(id, names, name);
}

base::Status drop_name(const Context& context, const std::string& name, const std::string& id) {
  auto names = TRY(fs::make_dirs(context.places.names(), kPrivate));
  auto owner = TRY(named(names, name));
  if (owner != id) return {};
  return sys::unlinkat(names, name);
}

Result<std::string> take_any_name(const Context& context, const std::string& id) {
  for (int i = 0; i < kTries; ++i) {
    auto name = TRY(invent_name());
    auto taken = take_name(context, name, id);
    if (taken) return name;
    if (taken.error().kind() != Kind::Exists) return std::move(taken).error();
  }
  auto name = id.substr(0, 12);
  TRY(take_name(context, name, id));
  return name;
}

}  // namespace

base::Status check_name(std::string_view what, std::string_view name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  bool good = !name.empty() && name.size() <= 200 &&
              name.substr(0, 1).find_first_of(kLetters) == 0 &&
              name.find_first_not_of(base::cat(kLetters, "_.-")) == std::string_view::npos;
  if (good) return {};
  return base::usage_error(what, " ", base::quote(name),
                           ": must be letters, digits and \"_.-\", the first a letter or a digit");
}

std::string Container::rootfs() const {
  return record.rootfs ? record.image : bundle() + "/rootfs";
}

base::Status Container::reload() {
  auto text = fs::read_file(folder_, kRecord, kLargestRecord);
  if (!text && text.error().code() == ENOENT) return no_such(record.brief());
  auto bytes = TRY(std::move(text));
  record = TRY(read_record(bytes), path_, "/", kRecord);
  return {};
}

base::Status Container::lock() {
  unlock();  // nobody waits for itself
  auto fd = fs::lock_file(folder_, "lock");
  if (!fd && fd.error().code() == ENOENT) return no_such(record.brief());
  lock_ = TRY(std::move(fd));
  return reload();
}

Result<bool> Container::try_lock() {
  auto fd = TRY(sys::openat(folder_, "lock", O_RDWR | O_CREAT, 0600));
  auto locked = sys::flock(fd, LOCK_EX | LOCK_NB);
  if (!locked && locked.error().code() == EWOULDBLOCK) return false;
  TRY(std::move(locked));
  lock_ = std::move(fd);
  TRY(reload());
  return true;
}

base::Status Container::save() const {
  TRY(fs::replace_file(folder_, kRecord, write_record(record), 0600, fs::Lasting::Run),
      "container ", record.name);
  return {};
}

Result<Container> Containers::claim(Record record) const {
  auto above = TRY(fs::make_dirs(context_.places.containers(), kPrivate));
  record.id = TRY(invent_id());
  TRY(sys::mkdirat(above, record.id, kPrivate));
  auto claimed = [&]() -> Result<Container> {
    if (record.name.empty())
      record.name = TRY(take_any_name(context_, record.id));
    else
      TRY(take_name(context_, record.name, record.id));
    Container out;
    out.path_ = context_.places.containers() + "/" + record.id;
    out.run_folder_ = context_.places.engine() + "/" + record.id;
    out.record = record;
    out.folder_ = TRY(sys::openat(above, record.id, kFolder));
    out.lock_ = TRY(fs::lock_file(out.folder_, "lock"));
    TRY(out.save());
    return out;
  }();
  if (claimed) return claimed;
  if (!record.name.empty()) (void)drop_name(context_, record.name, record.id);
  (void)fs::remove_tree(above, record.id);
  return claimed;
}

Result<Container> Containers::open(const std::string& id) const {
  Container out;
  out.record.id = id;
  out.path_ = context_.places.containers() + "/" + id;
  out.run_folder_ = context_.places.engine() + "/" + id;
  auto folder = sys::openat(FdRef::cwd(), out.path_, kFolder);
  if (!folder && folder.error().code() == ENOENT) return no_such(out.record.brief());
  out.folder_ = TRY(std::move(folder));
  TRY(out.reload());
  return out;
}

Result<Container> Containers::find(const std::string& text) const {
  if (text.empty() || text.find('/') != std::string::npos) return no_such(base::quote(text));
  auto names = TRY(fs::make_dirs(context_.places.names(), kPrivate));
  auto id = TRY(named(names, text));
  if (!id.empty()) return open(id);
  if (is_id(text)) return open(text);
  auto above = TRY(fs::make_dirs(context_.places.containers(), kPrivate));
  for (const auto& entry : TRY(fs::list_dir(above))) {
    if (!is_id(entry.name) || !entry.name.starts_with(text)) continue;
    if (!id.empty())
      return base::usage_error("several containers have an id that begins with ", text);
    id = entry.name;
  }
  if (id.empty()) return no_such(text);
  return open(id);
}

Result<std::vector<Container>> Containers::list() const {
  auto above = TRY(fs::make_dirs(context_.places.containers(), kPrivate));
  std::vector<Container> out;
  for (const auto& entry : TRY(fs::list_dir(above))) {
    if (!is_id(entry.name)) continue;
    auto container = open(entry.name);
    if (container)
      out.push_back(std::move(container).value());
    else
      context_.tell(container.error().text());
  }
  std::stable_sort(out.begin(), out.end(), [](const Container& a, const Container& b) {
    return a.record.created > b.record.created;
  });
  return out;
}

base::Status Containers::rename(Container& container, const std::string& name) const {
  TRY(check_name("name", name));
  auto former = container.record.name;
  TRY(take_name(context_, name, container.record.id));
  container.record.name = name;
  if (auto saved = container.save(); !saved) {
    (void)drop_name(context_, name, container.record.id);
    return saved;
  }
  return drop_name(context_, former, container.record.id);
}

base::Status Containers::forget(Container& container) const {
  // First the record: from here on there is no such container.
  TRY(sys::unlinkat(container.folder_, kRecord));
  TRY(drop_name(context_, container.record.name, container.record.id));
  auto run = sys::openat(FdRef::cwd(), context_.places.engine(), kFolder);
  if (run) TRY(fs::remove_tree(run.value(), container.record.id));
  auto above = TRY(sys::openat(FdRef::cwd(), context_.places.containers(), kFolder));
  return fs::remove_tree(above, container.record.id);
}

}  // namespace engine
