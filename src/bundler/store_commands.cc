#include "bundler/store_commands.h"

#include <cstdio>

#include "image/export.h"
#include "image/media.h"
#include "image/output_file.h"
#include "image/progress.h"
#include "image/prune.h"
#include "image/reference.h"
#include "image/stream.h"

namespace bundler {
namespace {

using base::Json;
using base::Result;
using base::Status;

Json layers_json(const image::Image& image) {
  auto out = Json::array();
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const auto& layer = image.manifest.layers[i];
    auto json = Json::object();
    json.set("digest", layer.digest.text());
    json.set("diff_id", image.config.diff_ids[i].text());
    json.set("size", layer.size);
    json.set("mediaType", layer.media_type);
    out.push(std::move(json));
  }
  return out;
}

Status remove_one(const image::Store& store, const Namer& names, const std::string& name,
                  bool quiet) {
  auto reference = TRY(names(name));
  bool had = TRY(store.unname(reference));
  if (!had)
    return base::Error(base::Kind::NotFound, 0,
                       base::cat("no image ", reference.text(), " in the store"));
  if (quiet) return {};
  return print(reference.text() + "\n");
}

Status tell_pruned(const image::Pruned& pruned) {
  return print(base::cat(pruned.blobs.size(), " blobs removed, ", image::show_size(pruned.bytes),
                         " freed; ", pruned.layers.size(), " unpacked layers removed\n"));
}

// "OCI archive" by the name of the file, a layout for any other name.
ExportFormat format_of(const ExportCommand& command) {
  if (command.format) return *command.format;
  bool archive = command.to == "-" || command.to.ends_with(".tar");
  return archive ? ExportFormat::OciArchive : ExportFormat::OciLayout;
}

// What the name stands for, or what is for this platform in it.
Result<image::Descriptor> find_top(const image::Store& store, const image::Reference& name,
                                   const std::string& platform) {
  if (platform.empty()) return store.named(name);
  auto image = TRY(find_image(store, name, platform));
  return std::move(image.descriptor);
}

// An archive of docker's holds one image only.
Status write_archive(const image::Store& store, const image::Reference& name,
                     const ExportCommand& command, image::Sink& to) {
  if (format_of(command) == ExportFormat::DockerArchive) {
    auto image = TRY(find_image(store, name, command.platform));
    return image::export_docker_archive(store, image, to);
  }
  auto top = TRY(find_top(store, name, command.platform));
  return image::export_oci_archive(store, name, top, to);
}

}  // namespace

Status print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return base::system_error("cannot write to standard output");
  return {};
}

void note(std::string_view text) {
  auto line = base::cat("bundler: ", text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

Json inspect_json(const image::Image& image) {
  auto out = Json::object();
  out.set("name", image.reference.text());
  out.set("digest", image.descriptor.digest.text());
  out.set("mediaType", image.descriptor.media_type);
  auto size = image.descriptor.size + image.manifest.config.size;
  for (const auto& layer : image.manifest.layers) size += layer.size;
  out.set("size", size);
  out.set("layers", layers_json(image));
  // As the specification has it, under its own names.
  auto config = image::write_image_config(image.config);
  for (const auto& [name, value] : *config.members())
    if (name != "rootfs") out.set(name, value);
  out.set_some("annotations", image.manifest.annotations);
  return out;
}

Json inspect_json(const image::Reference& name, const image::Tree& tree) {
  const auto& top = tree.indexes.back().descriptor;
  auto out = Json::object();
  out.set("name", name.text());
  out.set("digest", top.digest.text());
  out.set("mediaType", top.media_type);
  std::uint64_t size = 0;
  for (const auto& blob : tree.blobs()) size += blob.size;
  out.set("size", size);
  auto images = Json::array();
  for (const auto& image : tree.images) {
    if (!image.can_run()) continue;
    auto json = Json::object();
    if (image.descriptor.platform) json.set("platform", image.descriptor.platform->text());
    json.set("digest", image.descriptor.digest.text());
    json.set("mediaType", image.descriptor.media_type);
    images.push(std::move(json));
  }
  out.set("images", std::move(images));
  return out;
}

Result<image::Image> find_image(const image::Store& store, const image::Reference& name,
                                const std::string& platform) {
  if (platform.empty()) return store.image(name);
  auto wanted = TRY(image::parse_platform(platform));
  auto image = TRY(store.image(name, wanted));
  // The name may be that of one image, whatever it is for.
  if (image::distance(wanted, image.config.platform) < 0)
    return base::state_error("image ", name.text(), " is for ", image.config.platform.text(),
                             ", wanted ", wanted.text());
  return image;
}

Status inspect(const image::Store& store, const Namer& names, const InspectCommand& command) {
  auto all = Json::array();
  for (const auto& text : command.images) {
    auto name = TRY(names(text), "inspect ", text);
    auto top = TRY(store.named(name), "inspect ", text);
    auto kind = TRY(image::document_kind(top.media_type), "inspect ", text);
    if (kind == image::DocumentKind::Index && command.platform.empty()) {
      auto tree = TRY(image::read_tree(top, image::read_from(store)), "inspect ", text);
      all.push(inspect_json(name, tree));
    } else {
      all.push(inspect_json(TRY(find_image(store, name, command.platform), "inspect ", text)));
    }
  }
  return print(base::dump(all, 2) + "\n");
}

Status tag(const image::Store& store, const Namer& names, const TagCommand& command) {
  auto from = TRY(names(command.image), "tag");
  auto top = TRY(store.named(from), "tag");
  auto name = TRY(image::parse_reference(command.name), "tag");
  if (name.digest)
    return base::usage_error("tag ", base::quote(command.name), ": must be a tag, not a digest");
  TRY(store.name(name, std::move(top)), "tag ", command.name);
  return {};
}

Status remove(const image::Store& store, const Namer& names, const RemoveCommand& command,
              bool quiet) {
  for (const auto& name : command.images)
    TRY(remove_one(store, names, name, quiet), "remove ", name);
  auto pruned = TRY(image::try_prune(store), "remove");
  if (!pruned) note("another bundler works in the store: `bundler prune` frees the space later");
  return {};
}

Status prune(const image::Store& store, const PruneCommand& command, bool quiet) {
  auto pruned = TRY(image::prune(store), "prune");
  if (quiet) return {};
  if (!command.json) return tell_pruned(pruned);
  auto blobs = Json::array();
  for (const auto& digest : pruned.blobs) blobs.push(digest.text());
  auto json = Json::object();
  json.set("blobs", std::move(blobs));
  json.set("bytes", pruned.bytes);
  json.set("layers", base::Json(pruned.layers));
  return print(base::dump(json, 2) + "\n");
}

Status export_image(const image::Store& store, const Namer& names, const ExportCommand& command) {
  auto name = TRY(names(command.image), "export");
  if (format_of(command) == ExportFormat::OciLayout) {
    if (command.to == "-")
      return base::usage_error("export: a layout cannot go to standard output");
    auto top = TRY(find_top(store, name, command.platform), "export");
    TRY(image::export_to_layout(store, name, top, command.to), "export ", command.image);
    return {};
  }
  auto file = TRY(image::OutputFile::open(command.to), "export ", command.image);
  TRY(write_archive(store, name, command, file), "export ", command.image);
  TRY(file.commit(), "export ", command.image);
  return {};
}

}  // namespace bundler
