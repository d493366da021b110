#include "image/layer.h"

#include <string_view>

namespace image {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kAufs = ".wh..wh.";  // .plnk, .orph, .aufs

// Without empty and "." parts; an error for "..": no honest layer has them, and what such a name
// means would depend on links that stand on the way.
base::Result<std::string> clean(std::string_view path, std::string_view what) {
  std::string out;
  for (auto part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..")
      return base::config_error(what, " ", base::quote(path),
                                " holds \"..\": layers may not leave "
                                "their root");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::pair<std::string, std::string> split_last(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// spec: layer.md#whiteouts
base::Result<LayerOperation> whiteout(const std::string& folder, const std::string& name) {
  if (name == kOpaque) return LayerOperation(HideContent{folder});
  if (name.starts_with(kAufs)) return LayerOperation(Ignore{});
  auto hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..")
    return base::config_error("whiteout ", base::quote(name), " in ", base::quote(folder),
                              " hides nothing that could be there");
  return LayerOperation(Hide{folder.empty() ? hidden : base::cat(folder, "/", hidden)});
}

}  // namespace

base::Result<LayerOperation> layer_operation(const Entry& entry) {
  auto path = TRY(clean(entry.path, "entry"));
  if (path.empty()) {
    // cve: 2021-29136 (the root replaced by a link)
    if (entry.type != EntryType::Folder)
      return base::config_error("entry ", base::quote(entry.path),
                                " is the root, which can only be a folder");
    return LayerOperation(Create{});
  }
  auto [folder, name] = split_last(path);
  for (auto part : base::split(folder, '/')) {
    if (part.starts_with(kAufs)) return LayerOperation(Ignore{});
    if (part.starts_with(kWhiteout))
      return base::config_error("entry ", base::quote(entry.path), " stands below a whiteout");
  }
  if (name.starts_with(kWhiteout)) return whiteout(folder, name);
  Create out{.path = std::move(path)};
  if (entry.type == EntryType::HardLink) {
    out.link = TRY(clean(entry.link, "hard link target"));
    if (out.link.empty() || out.link == out.path)
      return base::config_error("hard link ", base::quote(entry.path), " to ",
                                base::quote(entry.link), " leads nowhere");
  }
  return LayerOperation(std::move(out));
}

}  // namespace image
