// The commands that work on the store alone: inspect, tag, remove, prune, export.
#pragma once
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/registries.h"
#include "image/layout.h"

namespace bundler {

// An image with its configuration, layers and history as one document. Pure.
base::Json inspect_json(const image::Image& image);

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
