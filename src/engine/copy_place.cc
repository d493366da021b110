#include "engine/copy_place.h"

#include "base/text.h"

namespace engine {
namespace {

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

bool CopyPlace::wants_folder() const {
  auto last = last_part(path);
  return last.empty() || last == "." || last == "..";
}

bool CopyPlace::contents_only() const {
  auto last = last_part(path);
  return last == "." || last == ".." || path.find_first_not_of('/') == std::string::npos;
}

CopyPlace parse_copy_place(std::string_view text) {
  if (text == "-") return {.stream = true};
  auto colon = text.find(':');
  bool is_path = text.starts_with('/') || text.starts_with('.') ||
                 colon == std::string_view::npos || colon == 0 ||
                 text.substr(0, colon).find('/') != std::string_view::npos;
  if (is_path) return {.path = std::string(text)};
  return {.container = std::string(text.substr(0, colon)),
          .path = std::string(text.substr(colon + 1))};
}

base::Result<Arrival> arrival(const CopyPlace& from, bool from_folder, const CopyPlace& to,
                              Found found) {
  if (found == Found::Folder)
    return from_folder && from.contents_only() ? Arrival::ContentInFolder : Arrival::InFolder;
  if (found == Found::Other) {
    if (from_folder || to.wants_folder())
      return base::usage_error(base::quote(to.path), " is not a folder");
    return Arrival::AtPath;
  }
  // A folder that is not there is made only for another folder.
  if (!from_folder && to.wants_folder())
    return base::usage_error("the folder ", base::quote(to.path), " is not there");
  return Arrival::AtPath;
}

}  // namespace engine
