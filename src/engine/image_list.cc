// images, history: what the store has.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "bundler/images.h"
#include "cli/table.h"
#include "engine/commands.h"
#include "engine/image_commands.h"
#include "engine/image_names.h"
#include "engine/phase.h"
#include "image/progress.h"

namespace engine {
namespace {

using base::Result;

constexpr std::size_t kShownText = 45;  // letters. compat: docker history

std::string show_age(const std::string& created, std::int64_t now) {
  auto then = base::parse_rfc3339(created);
  return then ? show_span(now - *then / 1'000'000'000) + " ago" : "N/A";
}

struct Row {
  bundler::ImageRow image{};
  std::string repository{};
  std::string tag = "<none>";
  std::string id{};
};

Row row_of(bundler::ImageRow image, bool whole) {
  Row out{.repository = image.name};
  if (auto name = image::parse_reference(image.name)) {
    out.repository = short_name(name.value());
    if (!name.value().tag.empty()) out.tag = name.value().tag;
  }
  auto digest = image::parse_digest(image.digest);
  if (digest) out.id = whole ? digest.value().text() : digest.value().brief();
  out.image = std::move(image);
  return out;
}

bool is_wanted(const Row& row, const std::string& name) {
  return name.empty() || name == row.repository || name == row.repository + ":" + row.tag ||
         name == row.image.name;
}

base::Json json_of(const Row& row) {
  auto out = base::Json::object();
  out.set("id", row.image.digest);
  out.set("repository", row.repository);
  out.set("tag", row.tag);
  out.set("name", row.image.name);
  out.set("size", row.image.size);
  out.set_some("created", row.image.created);
  out.set_some("platform", row.image.platform);
  out.set_some("platforms", row.image.platforms);
  out.set_some("problem", row.image.problem);
  return out;
}

std::string show(const std::vector<Row>& rows, const ListImagesCommand& command, std::int64_t now) {
  if (command.json) {
    auto all = base::Json::array();
    for (const auto& row : rows) all.push(json_of(row));
    return base::dump(all, 2) + "\n";
  }
  std::string ids;
  std::vector<std::vector<std::string>> cells{{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"}};
  for (const auto& row : rows) {
    ids += row.id + "\n";
    bool good = row.image.problem.empty();
    cells.push_back({row.repository, row.tag, row.id, show_age(row.image.created, now),
                     good ? image::show_size(row.image.size) : "damaged"});
  }
  return command.quiet ? ids : cli::table(cells);
}

}  // namespace

Result<int> execute(const Context& context, const ListImagesCommand& command) {
  auto store = TRY(image::Store::open(context.places.store));
  std::vector<Row> rows;
  for (auto& image : TRY(bundler::list_images(store))) {
    auto row = row_of(std::move(image), command.no_trunc);
    if (is_wanted(row, command.name)) rows.push_back(std::move(row));
  }
  TRY(print(show(rows, command, context.environment.now)));
  return 0;
}

Result<int> execute(const Context& context, const HistoryCommand& command) {
  auto store = TRY(image::Store::open(context.places.store));
  auto found = TRY(find_image(context, store, command.image));
  auto image = TRY(store.image(found.name, found.descriptor));
  auto history = image.config.history;
  std::size_t layers = 0;
  for (const auto& line : history) layers += line.empty_layer ? 0 : 1;
  // Who made it did not say.
  for (; layers < image.manifest.layers.size(); ++layers) history.emplace_back();
  std::vector<std::vector<std::string>> cells{
      {"LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT"}};
  std::size_t next = 0;
  for (const auto& line : history) {
    std::string id = "<none>";
    std::uint64_t size = 0;
    if (!line.empty_layer && next < image.manifest.layers.size()) {
      const auto& layer = image.manifest.layers[next++];
      id = command.no_trunc ? layer.digest.text() : layer.digest.brief();
      size = layer.size;
    }
    auto by = line.created_by;
    if (!command.no_trunc && by.size() > kShownText) by = by.substr(0, kShownText - 1) + "…";
    cells.push_back({id, show_age(line.created, context.environment.now), by,
                     image::show_size(size), line.comment});
  }
  // The youngest first. compat: docker history
  std::reverse(cells.begin() + 1, cells.end());
  if (!command.quiet) {
    TRY(print(cli::table(cells)));
    return 0;
  }
  std::string ids;
  for (auto row = cells.begin() + 1; row != cells.end(); ++row) ids += row->front() + "\n";
  TRY(print(ids));
  return 0;
}

}  // namespace engine
