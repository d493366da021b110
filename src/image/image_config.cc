#include "image/image_config.h"

namespace image {
namespace {

// "A direct JSON serialization of the Go type map[string]struct{}": the names count.
base::Result<std::vector<std::string>> name_set(const base::Place& place, std::string_view name) {
  std::vector<std::string> out;
  auto found = TRY(place.find(name));
  if (!found) return out;
  auto members = TRY(found->members());
  for (const auto& member : members) {
    if (member.first.find('\0') != std::string::npos)
      return found->error("must not contain a NUL character in a name");
    out.push_back(member.first);
  }
  return out;
}

base::Json name_set(const std::vector<std::string>& names) {
  auto out = base::Json::object();
  for (const auto& name : names) out.set(name, base::Json::object());
  return out;
}

base::Result<Execution> read_execution(const base::Place& place) {
  Execution out;
  out.user = TRY(place.string_or("User", ""));
  out.exposed_ports = TRY(name_set(place, "ExposedPorts"));
  out.env = TRY(place.opt_strings("Env"));
  out.entrypoint = TRY(place.opt_strings("Entrypoint"));
  out.cmd = TRY(place.opt_strings("Cmd"));
  out.volumes = TRY(name_set(place, "Volumes"));
  out.working_dir = TRY(place.string_or("WorkingDir", ""));
  out.labels = TRY(place.opt_string_map("Labels"));
  out.stop_signal = TRY(place.string_or("StopSignal", ""));
  return out;
}

base::Result<std::vector<Digest>> read_diff_ids(const base::Place& document) {
  auto rootfs = TRY(document.at("rootfs"));
  auto type = TRY(rootfs.at("type"));
  auto word = TRY(type.string());
  if (word != "layers") return type.error("must be \"layers\"");
  // An image without layers is written with null by some tools.
  auto ids = TRY(rootfs.find("diff_ids"));
  std::vector<Digest> out;
  if (!ids) return out;
  auto items = TRY(ids->items());
  for (const auto& item : items) {
    auto text = TRY(item.string());
    auto digest = TRY(parse_digest(text), item.path());
    out.push_back(std::move(digest));
  }
  return out;
}

base::Result<std::vector<History>> read_history(const base::Place& document) {
  std::vector<History> out;
  auto history = TRY(document.find("history"));
  if (!history) return out;
  auto items = TRY(history->items());
  for (const auto& item : items) {
    History entry;
    entry.created = TRY(item.string_or("created", ""));
    entry.author = TRY(item.string_or("author", ""));
    entry.created_by = TRY(item.string_or("created_by", ""));
    entry.comment = TRY(item.string_or("comment", ""));
    auto empty = TRY(item.opt_bool("empty_layer"));
    entry.empty_layer = empty.value_or(false);
    out.push_back(std::move(entry));
  }
  return out;
}

base::Json write_execution(const Execution& config) {
  auto out = base::Json::object();
  out.set_some("User", config.user);
  out.set_some("ExposedPorts", name_set(config.exposed_ports));
  out.set_some("Env", config.env);
  out.set_some("Entrypoint", config.entrypoint);
  out.set_some("Cmd", config.cmd);
  out.set_some("Volumes", name_set(config.volumes));
  out.set_some("WorkingDir", config.working_dir);
  out.set_some("Labels", config.labels);
  out.set_some("StopSignal", config.stop_signal);
  return out;
}

base::Json write_history(const std::vector<History>& history) {
  auto out = base::Json::array();
  for (const auto& entry : history) {
    auto json = base::Json::object();
    json.set_some("created", entry.created);
    json.set_some("author", entry.author);
    json.set_some("created_by", entry.created_by);
    json.set_some("comment", entry.comment);
    if (entry.empty_layer) json.set("empty_layer", true);
    out.push(std::move(json));
  }
  return out;
}

}  // namespace

base::Result<ImageConfig> read_image_config(std::string_view bytes) {
  auto json = TRY(base::parse_json(bytes));
  base::Place document(json);
  ImageConfig out;
  out.created = TRY(document.string_or("created", ""));
  out.author = TRY(document.string_or("author", ""));
  auto os = TRY(document.at("os"));
  out.platform.os = TRY(os.string());
  auto architecture = TRY(document.at("architecture"));
  out.platform.architecture = TRY(architecture.string());
  out.platform.variant = TRY(document.string_or("variant", ""));
  out.platform.os_version = TRY(document.string_or("os.version", ""));
  out.platform.os_features = TRY(document.opt_strings("os.features"));
  if (auto config = TRY(document.find("config"))) out.config = TRY(read_execution(*config));
  out.diff_ids = TRY(read_diff_ids(document));
  out.history = TRY(read_history(document));
  return out;
}

base::Json write_image_config(const ImageConfig& config) {
  auto out = base::Json::object();
  out.set_some("created", config.created);
  out.set_some("author", config.author);
  out.set("architecture", config.platform.architecture);
  out.set("os", config.platform.os);
  out.set_some("os.version", config.platform.os_version);
  out.set_some("os.features", config.platform.os_features);
  out.set_some("variant", config.platform.variant);
  out.set_some("config", write_execution(config.config));
  auto diff_ids = base::Json::array();
  for (const auto& id : config.diff_ids) diff_ids.push(id.text());
  auto rootfs = base::Json::object();
  rootfs.set("type", "layers");
  rootfs.set("diff_ids", std::move(diff_ids));
  out.set("rootfs", std::move(rootfs));
  out.set_some("history", write_history(config.history));
  return out;
}

base::Status check_layers(const Manifest& manifest, const ImageConfig& config) {
  if (manifest.layers.size() != config.diff_ids.size())
    return base::config_error("the manifest has ", manifest.layers.size(),
                              " layers, the image configuration has ", config.diff_ids.size(),
                              " rootfs.diff_ids");
  return {};
}

}  // namespace image
