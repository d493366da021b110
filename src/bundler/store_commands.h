// The commands that work on the store alone: inspect, tag, remove, prune, export.
#pragma once
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/registries.h"
#include "image/index_tree.h"
#include "image/layout.h"

namespace bundler {

// The image that has this name in the store; of an index that for `platform` ("": this machine's).
// Kind::State when it is for another one than was said.
base::Result<image::Image> find_image(const image::Store& store, const image::Reference& name,
                                      const std::string& platform);

// An image with its configuration, layers and history as one document. Pure.
base::Json inspect_json(const image::Image& image);
// An index with the images of its platforms, each with its digest. Pure.
base::Json inspect_json(const image::Reference& name, const image::Tree& tree);

base::Status inspect(const image::Store& store, const Namer& names, const InspectCommand& command);
base::Status tag(const image::Store& store, const Namer& names, const TagCommand& command);
base::Status remove(const image::Store& store, const Namer& names, const RemoveCommand& command,
                    bool quiet);
base::Status prune(const image::Store& store, const PruneCommand& command, bool quiet);
base::Status export_image(const image::Store& store, const Namer& names,
                          const ExportCommand& command);

// To standard output, and to standard error as "bundler: TEXT".
base::Status print(std::string_view text);
void note(std::string_view text);

}  // namespace bundler
