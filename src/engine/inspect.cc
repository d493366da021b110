// All that is known of whatever has a name.
#include <fcntl.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "bundler/store_commands.h"
#include "engine/bundle_config.h"
#include "engine/commands.h"
#include "engine/container_json.h"
#include "engine/image_names.h"
#include "engine/look_commands.h"
#include "engine/template.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Error;
using base::FdRef;
using base::Json;
using base::Kind;
using base::Result;

// Bytes of all files below; links are not followed.
Result<std::uint64_t> size_of(FdRef folder) {
  std::uint64_t out = 0;
  for (const auto& entry : TRY(fs::list_dir(folder))) {
    auto st = TRY(sys::fstatat(folder, entry.name, AT_SYMLINK_NOFOLLOW));
    if (S_ISREG(st.st_mode)) out += static_cast<std::uint64_t>(st.st_size);
    if (!S_ISDIR(st.st_mode)) continue;
    auto inner = TRY(sys::openat(folder, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    out += TRY(size_of(inner));
  }
  return out;
}

Result<Json> inspect_container(const Context& context, const std::string& name, bool size) {
  auto container = TRY(Containers(context).find(name));
  auto phase = TRY(phase_now(container));
  // One in the making has none yet.
  auto config = read_bundle_config(container);
  auto out = container_json(container, config ? config.value() : spec::Config(), phase);
  if (size && !container.record.rootfs) {
    auto upper =
        TRY(sys::openat(FdRef::cwd(), container.bundle() + "/upper", O_RDONLY | O_DIRECTORY));
    auto bytes = TRY(size_of(upper));
    out.set("SizeRw", bytes);
  }
  return out;
}

Result<Json> inspect_image(const Context& context, const std::string& name) {
  auto store = TRY(image::Store::open(context.places.store));
  auto found = TRY(find_image(context, store, name));
  auto image = TRY(store.image(found.name, found.descriptor));
  auto document = image::write_image_config(image.config);
  auto out = Json::object();
  out.set("Id", found.descriptor.digest.text());
  auto tags = Json::array(), digests = Json::array();
  for (const auto& one : TRY(names_of(store, found.descriptor.digest)))
    (one.digest ? digests : tags).push(short_text(one));
  out.set("RepoTags", std::move(tags));
  out.set("RepoDigests", std::move(digests));
  out.set("Created", image.config.created);
  out.set("Author", image.config.author);
  out.set("Architecture", image.config.platform.architecture);
  out.set("Os", image.config.platform.os);
  auto size = image.descriptor.size + image.manifest.config.size;
  for (const auto& layer : image.manifest.layers) size += layer.size;
  out.set("Size", size);
  auto config = document.find("config");
  out.set("Config", config ? *config : Json::object());
  auto layers = Json::array();
  for (const auto& diff_id : image.config.diff_ids) layers.push(diff_id.text());
  auto root = Json::object();
  root.set("Type", "layers");
  root.set("Layers", std::move(layers));
  out.set("RootFS", std::move(root));
  return out;
}

// Volumes and networks are documents in folders of their own.
Result<Json> inspect_document(const std::string& what, const std::string& folder,
                              const std::vector<std::string>& files) {
  for (const auto& file : files) {
    auto text = fs::read_file(FdRef::cwd(), folder + file);
    if (!text && text.error().code() == ENOENT) continue;
    auto bytes = TRY(std::move(text));
    return TRY(base::parse_json(bytes), folder, file);
  }
  return Error(Kind::NotFound, "no such " + what);
}

Result<Json> inspect_volume(const Context& context, const std::string& name) {
  TRY(check_name("volume", name));
  return inspect_document("volume: " + name, context.places.volumes() + "/" + name,
                          {"/volume.json"});
}

Result<Json> inspect_network(const Context& context, const std::string& name) {
  TRY(check_name("network", name));
  return inspect_document("network: " + name, context.places.networks() + "/" + name,
                          {".conflist", ".json", "", "/network.json"});
}

// The first of these kinds that has one of this name.
Result<Json> inspect_any(const Context& context, const InspectCommand& command,
                         const std::string& name) {
  const std::pair<std::string_view, std::function<Result<Json>()>> kinds[] = {
      {"container", [&] { return inspect_container(context, name, command.size); }},
      {"image", [&] { return inspect_image(context, name); }},
      {"volume", [&] { return inspect_volume(context, name); }},
      {"network", [&] { return inspect_network(context, name); }}};
  for (const auto& [kind, look] : kinds) {
    if (!command.type.empty() && command.type != kind) continue;
    auto found = look();
    bool absent = !found && (found.error().kind() == Kind::NotFound ||
                             (found.error().kind() == Kind::Usage && command.type.empty()));
    if (found || !absent || !command.type.empty()) return found;
  }
  return Error(Kind::NotFound, "no such container, image, volume or network: " + name);
}

}  // namespace

Result<int> execute(const Context& context, const InspectCommand& command) {
  int code = 0;
  auto all = Json::array();
  for (const auto& name : command.names) {
    auto found = inspect_any(context, command, name);
    if (!found) {
      complain(found.error().text());
      code = 1;
      continue;
    }
    if (command.format.empty()) {
      all.push(std::move(found).value());
      continue;
    }
    auto text = TRY(fill_template(command.format, found.value()));
    TRY(print(text));
  }
  // compat: docker: what was found is told, an empty list when nothing was
  if (command.format.empty()) TRY(print(base::dump(all, 2) + "\n"));
  return code;
}

}  // namespace engine
