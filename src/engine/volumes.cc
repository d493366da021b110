#include "engine/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "base/text.h"
#include "engine/clock.h"
#include "engine/containers.h"
#include "engine/names.h"
#include "fs/files.h"
#include "fs/root.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Json;
using base::Result;
using base::Status;

constexpr const char* kRecord = "volume.json";
constexpr const char* kLock = ".lock";

std::string text_of(const Volume& volume) {
  auto out = Json::object();
  out.set("name", Json(volume.name));
  out.set("created", Json(volume.created));
  out.set_some("labels", volume.labels);
  if (volume.anonymous) out.set("anonymous", Json(true));
  return base::dump(out, 2) + "\n";
}

Result<Volume> read_volume(std::string_view text) {
  auto json = TRY(base::parse_json(text));
  base::Place place(json);
  Volume out;
  auto name = TRY(place.at("name"));
  out.name = TRY(name.string());
  out.created = TRY(place.string_or("created", ""));
  out.labels = TRY(place.opt_string_map("labels"));
  auto anonymous = TRY(place.opt_bool("anonymous"));
  out.anonymous = anonymous.value_or(false);
  return out;
}

bool uses(const Record& record, const std::string& name) {
  return std::any_of(record.volumes.begin(), record.volumes.end(),
                     [&](const VolumeUse& use) { return use.name == name; });
}

}  // namespace

std::string Volumes::data(const std::string& name) const {
  return base::cat(context_.places.volumes(), "/", name, "/_data");
}

Result<Fd> Volumes::lock() const {
  auto folder = TRY(fs::make_dirs(context_.places.volumes(), 0711), "volumes");
  return fs::lock_file(folder, kLock);
}

Result<Volumes::Ensured> Volumes::ensure(Volume volume) const {
  if (volume.name.empty()) {
    volume.name = TRY(invent_id());
    volume.anonymous = true;
  }
  auto known = find(volume.name);
  if (known) {
    Ensured out{.volume = std::move(known).value()};
    return out;
  }
  if (known.error().kind() != base::Kind::NotFound) return std::move(known).error();
  volume.created = present_time();
  auto folder = TRY(fs::make_dirs(context_.places.volumes() + "/" + volume.name, 0711), "volume ",
                    volume.name);
  auto made = sys::mkdirat(folder, "_data", 0755);
  if (!made && made.error().code() != EEXIST) return std::move(made).error();
  // The record comes last: what has none is no volume.
  TRY(fs::replace_file(folder, kRecord, text_of(volume), 0644));
  Ensured out{.volume = std::move(volume), .made = true};
  return out;
}

Result<Volume> Volumes::find(const std::string& name) const {
  auto path = base::cat(context_.places.volumes(), "/", name, "/", kRecord);
  bool sane = name.find('/') == std::string::npos && !name.empty() && name.front() != '.';
  auto text = sane ? fs::read_file(FdRef::cwd(), path) : Result<std::string>(std::string());
  if (!sane || (!text && text.error().code() == ENOENT))
    return base::Error(base::Kind::NotFound, base::cat("no such volume: ", name));
  if (!text) return std::move(text).error();
  auto volume = TRY(read_volume(text.value()), "volume ", name);
  return volume;
}

Result<std::vector<Volume>> Volumes::list() const {
  std::vector<Volume> out;
  auto folder = sys::openat(FdRef::cwd(), context_.places.volumes(), O_RDONLY | O_DIRECTORY);
  if (!folder && folder.error().code() == ENOENT) return out;
  if (!folder) return std::move(folder).error();
  for (const auto& entry : TRY(fs::list_dir(folder.value()))) {
    if (entry.name.starts_with('.')) continue;
    auto volume = find(entry.name);
    if (volume)
      out.push_back(std::move(volume).value());
    else
      context_.tell("note: " + volume.error().text());
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

Result<std::vector<std::string>> Volumes::users(const std::string& name) const {
  std::vector<std::string> out;
  for (const auto& container : TRY(Containers(context_).list()))
    if (uses(container.record, name)) out.push_back(container.record.name);
  return out;
}

Status Volumes::remove(const std::string& name) const {
  (void)TRY(find(name));
  auto by = TRY(users(name));
  if (!by.empty())
    return base::state_error("volume ", name, " is in use by ", base::join(by, ", "));
  auto folder = TRY(sys::openat(FdRef::cwd(), context_.places.volumes(), O_RDONLY | O_DIRECTORY));
  TRY(fs::remove_tree(folder, name), "volume ", name);
  return {};
}

Status fill_volume(const std::string& data, FdRef root, const std::string& destination) {
  auto to = TRY(sys::openat(FdRef::cwd(), data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto entries = TRY(fs::list_dir(to));
  if (!entries.empty()) return {};
  auto from = fs::open_in(root, destination, O_RDONLY | O_DIRECTORY);
  if (!from) {
    int code = from.error().code();
    if (code == ENOENT || code == ENOTDIR) return {};
    return std::move(from).error();
  }
  TRY(fs::copy_tree(from.value(), to));
  return fs::copy_rights_and_times(from.value(), to);
}

void remove_anonymous_volumes(const Context& context, const Record& record) {
  Volumes volumes(context);
  bool any = std::any_of(record.volumes.begin(), record.volumes.end(),
                         [](const VolumeUse& use) { return use.anonymous; });
  if (!any) return;
  auto lock = volumes.lock();
  auto containers = Containers(context).list();
  if (!lock || !containers) {
    context.tell("note: volumes of no name stay");
    return;
  }
  auto folder = sys::openat(FdRef::cwd(), context.places.volumes(), O_RDONLY | O_DIRECTORY);
  if (!folder) return;
  for (const auto& use : record.volumes) {
    if (!use.anonymous) continue;
    const auto& all = containers.value();
    bool shared = std::any_of(all.begin(), all.end(), [&](const Container& other) {
      return other.record.id != record.id && uses(other.record, use.name);
    });
    if (shared) continue;
    auto gone = fs::remove_tree(folder.value(), use.name);
    if (!gone) context.tell(base::cat("note: volume ", use.name, ": ", gone.error().text()));
  }
}

}  // namespace engine
