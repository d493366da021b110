#include "bundler/images.h"

#include <algorithm>

#include "cli/table.h"
#include "image/index_tree.h"
#include "image/progress.h"
#include "image/reference.h"

namespace bundler {
namespace {

using TableRow = std::vector<std::string>;

// "2026-11-22T13:30:00Z" → "2026-11-22 13:30:00"; an image may say anything, so look at it.
std::string show_created(std::string_view created) {
  auto text = std::string(created.substr(0, 19));
  if (text.size() < 10 || text.find_first_not_of("0123456789-T:") != std::string::npos) return "-";
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

TableRow table_row(const ImageRow& row) {
  TableRow out{row.name, "-", "-", "-", "-"};
  if (auto reference = image::parse_reference(row.name)) {
    out[0] = reference.value().name();
    if (!reference.value().tag.empty()) out[1] = reference.value().tag;
  } else {
    out[0] = base::quote(row.name);
  }
  if (auto digest = image::parse_digest(row.digest)) out[2] = digest.value().brief();
  if (row.problem.empty()) {
    out[3] = image::show_size(row.size);
    out[4] = show_created(row.created);
  } else {
    out[3] = "damaged";
  }
  return out;
}

// What the image says of itself; of an index the first image that can run.
base::Status fill(const image::Store& store, const image::Descriptor& entry, ImageRow& row) {
  auto read = image::read_from(store);
  auto tree = TRY(image::read_tree(entry, read));
  (void)TRY(image::check_tree(tree, read));
  for (const auto& one : tree.images) {
    if (!one.can_run()) continue;
    auto bytes = TRY(read(one.manifest.config));
    auto config = TRY(image::read_image_config(bytes));
    if (row.created.empty()) row.created = config.created;
    if (tree.indexes.empty())
      row.platform = config.platform.text();
    else
      row.platforms.push_back(one.descriptor.platform.value_or(config.platform).text());
  }
  for (const auto& blob : tree.blobs()) row.size += blob.size;
  return {};
}

}  // namespace

base::Result<std::vector<ImageRow>> list_images(const image::Store& store) {
  auto index = TRY(store.index());
  std::vector<ImageRow> out;
  for (const auto& entry : index.manifests) {
    ImageRow row{.name = entry.annotation(image::kRefName), .digest = entry.digest.text()};
    if (row.name.empty()) continue;
    auto filled = fill(store, entry, row);
    if (!filled) row.problem = filled.error().text();
    out.push_back(std::move(row));
  }
  std::sort(out.begin(), out.end(),
            [](const ImageRow& a, const ImageRow& b) { return a.name < b.name; });
  return out;
}

std::string images_table(const std::vector<ImageRow>& rows) {
  std::vector<TableRow> table{{"NAME", "TAG", "DIGEST", "SIZE", "CREATED"}};
  for (const auto& row : rows) table.push_back(table_row(row));
  return cli::table(table, {.least = 0, .gap = 2});
}

base::Json images_json(const std::vector<ImageRow>& rows) {
  auto out = base::Json::array();
  for (const auto& row : rows) {
    auto json = base::Json::object();
    json.set("name", row.name);
    json.set("digest", row.digest);
    if (row.problem.empty()) {
      json.set("size", row.size);
      json.set_some("created", row.created);
      json.set_some("platform", row.platform);
      json.set_some("platforms", row.platforms);
    } else {
      json.set("problem", row.problem);
    }
    out.push(std::move(json));
  }
  return out;
}

}  // namespace bundler
